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

/// A pipe that is read only when a test reads it.
struct UnreadPipe {
    /// The end that is written.
    let end: FileHandle
    private let reader: FileHandle

    struct Unavailable: Error {}

    init() throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Unavailable() }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        reader = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        end = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    }

    /// Writes empty lines until the pipe is full.
    func fill() {
        let descriptor = end.fileDescriptor
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        for count in [4_096, 1] {
            let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: count)
            while Foundation.write(descriptor, bytes, count) > 0 {}
        }
        _ = fcntl(descriptor, F_SETFL, flags)
    }

    /// Reads what is in the pipe.
    func read() -> String {
        var text: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Foundation.read(reader.fileDescriptor, &bytes, bytes.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += bytes.prefix(count)
        }
    }
}
