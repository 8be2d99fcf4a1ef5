import BreakerStorage
import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("Values bound to a statement")
struct StatementTests {
    @Test(
        "A statement returns bound values unchanged, whatever their order and length",
        arguments: [
            [], [0], [1, 0, 15, 16], [1_024], [1_025], [512, 512, 1], [600, 600, 3, 400], [5_000, 1, 1_023],
        ]
    )
    func roundTrip(lengths: [Int]) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("values.db")
        _ = try FilePath(path).create()
        let connection = try Connection(path: path, access: .readWrite, vfs: nil)
        let texts = lengths.enumerated().map { String(repeating: Character(Unicode.Scalar(97 + UInt8($0))), count: $1) }
        let columns = (["1"] + texts.flatMap { _ in ["?", "?"] }).joined(separator: ", ")
        let statement = try Statement("SELECT \(columns)", on: connection)
        for _ in 1...2 {
            for text in texts {
                statement.bind(text)
                statement.bind(Array(text.utf8))
            }
            let read = try statement.first { row -> [(String, [UInt8])] in
                row.skip(1)
                return texts.map { _ in (row.text(), row.bytes()) }
            }
            #expect(read?.map(\.0) == texts)
            #expect(read?.map(\.1) == texts.map { Array($0.utf8) })
        }
    }
}
