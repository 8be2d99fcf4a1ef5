import Foundation
import TestSupport

extension TemporaryFolder {
    /// The names of the files in the folder, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path(name)))
    }

    func write(_ bytes: Data, to name: String) throws {
        try bytes.write(to: URL(fileURLWithPath: path(name)))
    }

    func length(_ name: String) throws -> Int {
        try bytes(name).count
    }

    /// The permissions of a file.
    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    /// A copy of the folder as a process that is killed at this instant leaves it.
    func copy() throws -> TemporaryFolder {
        let copy = try TemporaryFolder(in: .memory)
        // The `-shm` file is in memory, not on disk; it is gone after a power cut.
        for name in try names where !name.hasSuffix("-shm") { try copy.write(try bytes(name), to: name) }
        return copy
    }
}
