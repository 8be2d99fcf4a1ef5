package import BreakerStorage
import Foundation

extension OpenFile {
    /// Writes the file's content to a new file at `path`.
    package func save(to path: String) throws {
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        defer { withExtendedLifetime(self) {} }
        try handle.seek(toOffset: 0)
        try (handle.readToEnd() ?? Data()).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
    }
}
