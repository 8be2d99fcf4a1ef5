import ArgumentParser
import Dispatch
import Foundation
import UnixSignals

/// Signals that a command handles before they end it.
struct TerminalSignals {
    private let sources: [(number: Int32, source: any DispatchSourceSignal)]

    /// Handles the given signals. A signal that the caller made this process ignore (`nohup`) stays ignored.
    init(_ numbers: [Int32], handler: @escaping @Sendable (Int32) -> Void) {
        sources = numbers.filter { !Self.isIgnored($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { handler(number) }
            source.resume()
            return (number, source)
        }
    }

    /// Restores the default effect of the signals.
    func end() {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }

    /// Ends the process by the signal itself, so that a shell sees the signal.
    static func die(by number: Int32) {
        signal(number, SIG_DFL)
        // The current thread may block nearly all signals.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        sigaddset(&unblocked, number)
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
        raise(number)
    }

    /// Whether the process was started with the signal ignored.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// Runs work that an interrupt cancels, so that it can clean up before the process ends.
enum SignalledTask {
    /// - Throws: the errors of `work`; an `ExitCode` after SIGINT or SIGTERM has cancelled it.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let signals = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { task.cancel() }
        }
        defer { signals.cancel() }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            // 128 + SIGINT, as in shells.
            throw ExitCode(130)
        }
    }
}
