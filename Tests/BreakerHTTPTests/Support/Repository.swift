import Foundation

/// Files of the source tree that a test reads.
enum Repository {
    static func file(_ name: String, from file: String = #filePath) -> URL {
        var folder = URL(fileURLWithPath: file)
        for _ in 1...4 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent(name)
    }
}
