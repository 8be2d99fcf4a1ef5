import Foundation

/// Another command, run in this process's place: with its standard streams, its folder, its environment and its
/// process group, so that a terminal treats both as one. (Foundation's `Process` makes a group of its own.)
struct ChildCommand {
    enum End: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)

        /// As shells have it.
        var code: Int32 {
            switch self {
            case .exit(let code): code
            case .signal(let number): 128 + number
            }
        }

        /// The kind of the failure; `nil` where it is none.
        var kind: String? {
            switch self {
            case .exit(0): nil
            case .exit(let code): "exit_\(code)"
            case .signal(let number): "signal_\(number)"
            }
        }
    }

    struct NotStarted: Error, CustomStringConvertible {
        var command: String
        var code: Int32

        var description: String { "\(command) cannot be run: \(String(cString: strerror(code)))" }
        /// As shells have it: 127 for what is not there, 126 for what is no program.
        var exitCode: Int32 { code == ENOENT ? 127 : 126 }
    }

    let words: [String]

    /// - Returns: once it has ended.
    func run() async throws(NotStarted) -> End {
        let pid = try start()
        ForwardedSignals.forward(to: pid)
        // A signal that came before there was anybody to pass it to.
        if ForwardedSignals.received != 0 { kill(pid, ForwardedSignals.received) }
        let status = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Self.wait(for: pid)) }
        }
        let signal = status & 0x7f
        return signal == 0 ? .exit(status >> 8 & 0xff) : .signal(signal)
    }

    private static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        // Its number may be another's from here on.
        ForwardedSignals.forward(to: 0)
        return status
    }

    private func start() throws(NotStarted) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // NIO ignores it, and what is ignored is inherited.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // The thread that this runs on blocks nearly all signals, and what is blocked is inherited as well.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, words[0], nil, &attributes, &arguments, environ)
        guard code == 0 else { throw NotStarted(command: words[0], code: code) }
        return pid
    }
}
