import Dispatch
import Foundation

/// Signals that a command wants to know of before they end it.
struct TerminalSignals {
    private let sources: [(number: Int32, source: any DispatchSourceSignal)]

    /// One that the caller has this process ignore (`nohup`) stays ignored.
    init(_ numbers: [Int32], handler: @escaping @Sendable (Int32) -> Void) {
        sources = numbers.filter { !Self.isIgnored($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { handler(number) }
            source.resume()
            return (number, source)
        }
    }

    /// Has them do again what they do by themselves.
    func end() {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }

    /// Ends the process as the signal does by itself, so that a shell sees what ended it.
    static func die(by number: Int32) {
        signal(number, SIG_DFL)
        // The thread that this runs on may block nearly all signals.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        sigaddset(&unblocked, number)
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
        raise(number)
    }

    /// Whether the process was started so that it does not hear of the signal.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
