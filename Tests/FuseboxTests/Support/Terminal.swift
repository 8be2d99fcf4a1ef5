import Foundation

/// A pseudo-terminal that a test reads.
struct Terminal {
    /// The end for a program's standard output or standard error.
    let end: FileHandle
    private let master: FileHandle

    struct Unavailable: Error {}

    init() throws {
        var (descriptor, terminal): (CInt, CInt) = (-1, -1)
        guard openpty(&descriptor, &terminal, nil, nil, nil) == 0 else { throw Unavailable() }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        end = FileHandle(fileDescriptor: terminal, closeOnDealloc: true)
        master = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Reads the text written since the last call.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = Foundation.read(master.fileDescriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
