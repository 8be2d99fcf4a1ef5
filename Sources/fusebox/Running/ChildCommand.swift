import Foundation

/// A child process that runs another command with this process's standard streams, working directory, environment and
/// process group, so that a terminal treats both as one. (Foundation's `Process` creates a group of its own.)
struct ChildCommand {
    enum End: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)

        /// The exit code as in shells: 128 plus the number of a signal.
        var code: Int32 {
            switch self {
            case .exit(let code): code
            case .signal(let number): 128 + number
            }
        }

        /// The kind of the failure; `nil` for a success.
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
        /// The exit code as in shells: 127 if the command is not found, 126 if it cannot be executed.
        var exitCode: Int32 { code == ENOENT ? 127 : 126 }
    }

    let words: [String]

    /// Runs the command, and returns when it has ended.
    func run() async throws(NotStarted) -> End {
        let pid = try start()
        ForwardedSignals.forward(to: pid)
        // Pass on a signal that arrived before the child existed.
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
        // From here on, another process may have the child's number.
        ForwardedSignals.forward(to: 0)
        return status
    }

    private func start() throws(NotStarted) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // NIO ignores SIGPIPE, and a child inherits ignored signals.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // The current thread blocks nearly all signals, and a child inherits blocked signals too.
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
