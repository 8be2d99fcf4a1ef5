import Foundation
import Synchronization

/// Passes signals on to a child, as if the child stood in this process's place.
///
/// A signal that the terminal sends reaches the child by itself, for both are in its foreground group; only those that
/// a process sent are passed on.
enum ForwardedSignals {
    private static let signals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

    /// Takes the signals over. One that the caller has this process ignore (`nohup`) stays ignored, by the child too.
    static func install() {
        // Both are made here, for a handler must not make them.
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

    /// The last signal that came; 0 where none did.
    static var received: Int32 { receivedSignal.load(ordering: .relaxed) }

    /// - Parameter pid: 0 for nobody.
    static func forward(to pid: pid_t) { forwardedTo.store(pid, ordering: .relaxed) }
}

// A signal handler may take no lock: these are read and written whole, without one.
private let receivedSignal = Atomic<Int32>(0)
private let forwardedTo = Atomic<pid_t>(0)
