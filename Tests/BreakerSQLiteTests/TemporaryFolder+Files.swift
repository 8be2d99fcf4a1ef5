import Foundation
import TestSupport

extension TemporaryFolder {
    /// The files in the folder, in order of name.
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

    /// A folder that holds what this one holds: what is left where a process is killed at this moment.
    func copy() throws -> TemporaryFolder {
        let copy = try TemporaryFolder(in: .memory)
        // The `-shm` file is memory, not disk; after a power cut it is not there.
        for name in try names where !name.hasSuffix("-shm") { try copy.write(try bytes(name), to: name) }
        return copy
    }
}
