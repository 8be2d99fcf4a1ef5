import Foundation
import Synchronization

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
