import Foundation
import Synchronization

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

/// Passes signals on to a child process.
///
/// The child receives the terminal's signals itself, because both are in the terminal's foreground group. So only
/// signals from other processes are passed on.
enum ForwardedSignals {
    private static let signals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

    /// Installs the signal handlers. A signal that the caller made this process ignore (`nohup`) stays ignored, also by
    /// the child.
    static func install() {
        // Initialise both here, because a signal handler must not.
        receivedSignal.store(0, ordering: .relaxed)
        forward(to: 0)
        for number in signals {
            guard !TerminalSignals.isIgnored(number) else { continue }
            var action = sigaction()
            action.__sigaction_handler.sa_sigaction = { number, info, _ in
                receivedSignal.store(number, ordering: .relaxed)
                let wasSentByProcess = (info?.pointee.si_code ?? 0) <= 0
                let pid = forwardedTo.load(ordering: .relaxed)
                if wasSentByProcess, pid > 0 { kill(pid, number) }
            }
            action.sa_flags = Int32(SA_SIGINFO) | Int32(SA_RESTART)
            sigaction(number, &action, nil)
        }
    }

    /// The last signal that arrived; 0 if none did.
    static var received: Int32 { receivedSignal.load(ordering: .relaxed) }

    /// - Parameter pid: the process that gets the signals; 0 for none.
    static func forward(to pid: pid_t) { forwardedTo.store(pid, ordering: .relaxed) }
}

// Atomics, because a signal handler must not take a lock.
private let receivedSignal = Atomic<Int32>(0)
private let forwardedTo = Atomic<pid_t>(0)
