import BreakerCore
import Foundation

extension Fusebox {
    /// Where calls are decided.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// In this process, by what the server's stream tells, once ``Fusebox/run()`` has connected it; only what may be a
        /// probe, and a name that is not known, is asked for at the server.
        case local
        /// At the server, each call.
        case remote
    }

    /// What decides while the server is away.
    public enum Unreachable: String, Hashable, Sendable, CaseIterable {
        /// A breaker of this process, with the policy and the state that were known last.
        case local
        /// Every call is allowed.
        case allow
        /// Every call is denied.
        case deny
    }

    /// How a ``Fusebox`` behaves. The defaults suit a worker beside its server.
    public struct Configuration: Sendable {
        public var mode = Mode.local
        public var unreachable = Unreachable.local
        /// How old what the stream told may be: past it the server is asked. 5 s; 1 s to an hour.
        public var maxStaleness = Duration.seconds(5)
        /// How long a call waits for the server's decision. 50 ms; an answer that comes later is not lost: a probe is given
        /// back.
        public var patience = Duration.milliseconds(50)
        /// How long a call waits instead where the decision may be a probe: the breaker is half open, its time has run out,
        /// or it is not known. So does a call that was a probe, for the answer to its report. The server commits both before
        /// it answers, which takes a slow disk a while. 500 ms; never less than ``patience``.
        public var probePatience = Duration.milliseconds(500)
        /// How long outcomes gather before they are sent. 50 ms; a failure goes at once.
        public var flushInterval = Duration.milliseconds(50)
        /// How many outcomes wait while the server is away, equal ones in a row counted once. 10 000; the oldest go first.
        public var waitingOutcomes = 10_000
        /// The worker's own name for itself, cut at 128 characters: the host and the process unless it is set.
        public var reporter = Self.ownName

        public init() {}

        /// - Parameter mayNeedCommit: whether the server may have to commit something before it answers.
        func patience(mayNeedCommit: Bool) -> Duration { mayNeedCommit ? max(patience, probePatience) : patience }

        private static var ownName: String {
            var name = [CChar](repeating: 0, count: 256)
            guard gethostname(&name, name.count - 1) == 0 else { return String(getpid()) }
            let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return "\(host.prefix(Limits.reporterLength - 12))-\(getpid())"
        }
    }
}
