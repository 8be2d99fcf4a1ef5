package import BreakerCore

/// A transition of a breaker.
package struct TransitionDocument: Document {
    package var revision: Int64
    /// `closed`, `open` or `half_open`.
    package var from: String
    /// `closed`, `open` or `half_open`.
    package var to: String
    package var cause: String
    package var detail: String
    /// The operator who ordered the transition; `nil` if it was automatic.
    package var actor: String?
    package var at: Instant

    package init(_ transition: Transition) {
        revision = transition.revision
        from = transition.from.rawValue
        to = transition.to.rawValue
        cause = transition.cause.rawValue
        detail = transition.detail
        actor = transition.actor
        at = transition.at
    }
}

/// A page of transitions, newest first: of one breaker, or of all breakers with their names.
package struct TransitionListDocument<Item: Document>: Document {
    package var transitions: [Item]
    /// The token of the next page; empty if there is none.
    package var nextPageToken: String

    package init(transitions: [Item], nextPageToken: String) {
        self.transitions = transitions
        self.nextPageToken = nextPageToken
    }

    enum CodingKeys: String, CodingKey {
        case transitions
        case nextPageToken = "next_page_token"
    }
}

/// A transition with the name of its breaker.
package struct NamedTransitionDocument: Document {
    package var name: String
    package var transition: TransitionDocument

    package init(_ transition: Transition, of name: BreakerName) {
        self.name = name.value
        self.transition = TransitionDocument(transition)
    }

    package init(from decoder: any Decoder) throws {
        name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .name)
        transition = try TransitionDocument(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try transition.encode(to: encoder)
    }

    private enum CodingKeys: CodingKey { case name }
}
