import Dispatch
import Foundation
import NIOConcurrencyHelpers

extension Fusebox {
    struct Reference: Sendable {
        weak var fusebox: Fusebox?
    }

    /// Every client of this process, so that exit can flush them.
    private static let all: NIOLockedValueBox<[Reference]> = {
        atexit { Fusebox.sendAtExit() }
        return NIOLockedValueBox([])
    }()

    func willSendAtExit() {
        Self.all.withLockedValue { all in
            all.removeAll { $0.fusebox == nil }
            all.append(Reference(fusebox: self))
        }
    }

    /// Sends the waiting outcomes, and waits for that up to the patience of a call: `exit()` ends all threads
    /// afterwards.
    private static func sendAtExit() {
        let waiting = all.withLockedValue { $0.compactMap(\.fusebox) }
            .filter { $0.reportSender.state.withLockedValue { $0.outbox.waiting > 0 } }
        guard let patience = waiting.map(\.configuration.patience).max() else { return }
        let sending = DispatchGroup()
        for fusebox in waiting {
            sending.enter()
            Task {
                await fusebox.send(under: fusebox.reportSender.reachability.withLockedValue { $0.beginAtAnyRate() })
                sending.leave()
            }
        }
        _ = sending.wait(timeout: .now() + .nanoseconds(Int(clamping: patience.inNs)))
    }
}
