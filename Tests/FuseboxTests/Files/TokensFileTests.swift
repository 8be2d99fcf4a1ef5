import Foundation
import TestSupport
import Testing

@testable import fusebox

@Suite struct TokensFileTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("tokens") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func line(_ name: String, digit: Character) -> String {
        "\(name) operator sha256:\(String(repeating: digit, count: 64))\n"
    }

    private func put(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("A command does not replace a tokens file that another program has changed since the command read it")
    func changed() throws {
        let ops = line("ops", digit: "0")
        try put(ops)
        let file = try TokensFile(editing: path)
        let changed = ops + line("web", digit: "1")
        try put(changed)
        #expect(throws: SettingsError.self) { try file.write(ops + line("mail", digit: "2")) }
        #expect(try text() == changed)
        try put(ops)
        try file.write(ops + line("mail", digit: "2"))
        #expect(try text() == ops + line("mail", digit: "2"))
    }
}
