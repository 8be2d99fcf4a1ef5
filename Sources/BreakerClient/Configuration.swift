import BreakerCore
import Foundation

extension Fusebox {
    /// Where calls are decided.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// In this process, from the server's stream of changes, once ``Fusebox/run()`` has connected it. The client
        /// asks the server only if the call may be a probe, or if it does not know the breaker.
        case local
        /// Each call at the server.
        case remote
    }

    /// How calls are decided while the server is unreachable.
    public enum Unreachable: String, Hashable, Sendable, CaseIterable {
        /// By a breaker of this process, with the last known policy and state.
        case local
        /// Every call is allowed.
        case allow
        /// Every call is denied.
        case deny
    }

    /// How a ``Fusebox`` behaves. The defaults suit a worker that is close to its server.
    public struct Configuration: Sendable {
        public var mode = Mode.local
        public var unreachable = Unreachable.local
        /// How stale the panel may be before the client asks the server for each call. 5 s by default; 1 s to an hour.
        public var maxStaleness = Duration.seconds(5)
        /// How long a call waits for the server's decision. 50 ms by default. If a later answer grants a probe, the
        /// client gives the probe back.
        public var patience = Duration.milliseconds(50)
        /// How long a call waits if the decision may be a probe: the breaker is half open, its recovery timeout is
        /// over, or it is not known. A probe also waits this long for the answer to its report. The server commits both
        /// before it answers, which can take long on a slow disk. 500 ms by default; never less than ``patience``.
        public var probePatience = Duration.milliseconds(500)
        /// How long outcomes are gathered before they are sent. 50 ms by default; a failure is sent at once.
        public var flushInterval = Duration.milliseconds(50)
        /// How many outcomes wait while the server is unreachable; equal ones in a row count once. 10 000 by default;
        /// the oldest are dropped first.
        public var waitingOutcomes = 10_000
        /// The worker's own name for itself, cut at 128 characters. The default is the host and the process id.
        public var reporter = Self.ownName

        public init() {}

        /// - Parameter mayNeedCommit: whether the server may have to commit before it answers.
        func patience(mayNeedCommit: Bool) -> Duration { mayNeedCommit ? max(patience, probePatience) : patience }

        private static var ownName: String {
            var name = [CChar](repeating: 0, count: 256)
            guard gethostname(&name, name.count - 1) == 0 else { return String(getpid()) }
            let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return "\(host.prefix(Limits.reporterLength - 12))-\(getpid())"
        }
    }
}
