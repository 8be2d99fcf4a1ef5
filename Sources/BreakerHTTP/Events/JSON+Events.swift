import BreakerCore
import BreakerEngine
import BreakerText

/// The documents of a stream of changes. Fields without a value are `null`, never absent.
extension JSON {
    init(_ change: Journal.Change, _ id: EventID) {
        self = .object(
            [
                Member(key: "id", value: .string(id.description)),
                Member(key: "revision", value: JSON(change.revision)),
                Member(key: "type", value: .string(change.type)),
                Member(key: "name", value: .string(change.name.value)),
                Member(key: "at", value: JSON(change.at)),
                Member(key: "actor", value: JSON(change.actor)),
            ]
                + Self.members(of: change.summary)
                + [Member(key: "transition", value: change.transition.map(JSON.init(following:)) ?? .null)]
        )
    }

    /// A resync without its breakers.
    init(emptyResync image: PanelImage, _ id: EventID, in epoch: Epoch, reason: Follower.ResyncReason) {
        self = [
            "id": .string(id.description),
            "revision": JSON(image.revision),
            "epoch": .string(epoch.description),
            "type": "resync",
            "reason": .string(reason.rawValue),
            "at": JSON(image.at),
            "breakers": .array([]),
        ]
    }

    /// A breaker of a resync.
    init(_ entry: PanelImage.Entry) {
        self = .object([Member(key: "name", value: .string(entry.name.value))] + Self.members(of: entry.summary))
    }

    private static func members(of summary: BreakerSummary?) -> [Member] {
        [
            Member(key: "state", value: JSON(summary?.state.rawValue)),
            Member(key: "generation", value: JSON(summary?.generation)),
            Member(key: "since", value: JSON(summary?.since)),
            Member(key: "open_until", value: JSON(summary?.openUntil)),
            Member(key: "override", value: summary?.override.map(JSON.init) ?? .null),
            Member(key: "policy_revision", value: JSON(summary?.policyRevision)),
        ]
    }

    /// A transition within its change, which already has the revision and the instant.
    private init(following transition: Transition) {
        self = [
            "from": .string(transition.from.rawValue),
            "to": .string(transition.to.rawValue),
            "cause": .string(transition.cause.rawValue),
            "detail": .string(transition.detail),
            "actor": JSON(transition.actor),
        ]
    }
}

extension Journal.Change {
    /// The name of the event.
    var type: String {
        switch kind {
        case .created: "created"
        case .transition: "transition"
        case .policyChanged: "policy"
        case .deleted: "deleted"
        }
    }
}
