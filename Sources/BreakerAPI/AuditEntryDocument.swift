package import BreakerCore

/// An entry of the audit log: an operator's order.
package struct AuditEntryDocument: Document {
    package var revision: Int64
    package var at: Instant
    package var actor: String
    package var address: String?
    /// `policy`, `override_set`, `override_cleared`, `reset` or `delete`.
    package var action: String
    package var breaker: String
    /// `nil` if there was nothing, or if this version cannot read it.
    package var before: AuditValueDocument?
    /// `nil` if nothing remained, or if this version cannot read it.
    package var after: AuditValueDocument?

    package init(_ entry: AuditEntry) {
        revision = entry.revision
        at = entry.at
        actor = entry.author.actor
        address = entry.author.address
        action = entry.action.rawValue
        breaker = entry.breaker.value
        before = entry.before.map { AuditValueDocument($0) }
        after = entry.after.map { AuditValueDocument($0) }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        revision = try container.decode(Int64.self, forKey: .revision)
        at = try container.decode(Instant.self, forKey: .at)
        actor = try container.decode(String.self, forKey: .actor)
        address = try container.decodeIfPresent(String.self, forKey: .address)
        action = try container.decode(String.self, forKey: .action)
        breaker = try container.decode(String.self, forKey: .breaker)
        // Another version's value must not hide the entry.
        before = try? container.decodeIfPresent(AuditValueDocument.self, forKey: .before)
        after = try? container.decodeIfPresent(AuditValueDocument.self, forKey: .after)
    }
}

/// The part of a breaker that an order changed. Of a deleted breaker it has every member but `order`.
package struct AuditValueDocument: Document {
    package var state: String?
    package var generation: Int64?
    package var policySource: String?
    package var policy: PolicyFieldsDocument?
    /// The override of a deleted breaker.
    package var override: OverrideDocument?
    /// The override that was set or cleared. In JSON, its members are those of the value.
    package var order: OverrideDocument?

    package init(_ value: AuditValue) {
        switch value {
        case .policy(let policy, let source):
            policySource = source.description
            self.policy = PolicyFieldsDocument(policy)
        case .override(let override):
            order = OverrideDocument(override)
        case .state(let state, let generation):
            self.state = state.rawValue
            self.generation = generation
        case .breaker(let state, let generation, let policy, let source, let override):
            self.state = state.rawValue
            self.generation = generation
            policySource = source.description
            self.policy = PolicyFieldsDocument(policy)
            self.override = override.map { OverrideDocument($0) }
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard !container.contains(.mode) else {
            order = try OverrideDocument(from: decoder)
            return
        }
        state = try container.decodeIfPresent(String.self, forKey: .state)
        generation = try container.decodeIfPresent(Int64.self, forKey: .generation)
        policySource = try container.decodeIfPresent(String.self, forKey: .policySource)
        policy = try container.decodeIfPresent(PolicyFieldsDocument.self, forKey: .policy)
        override = try container.decodeIfPresent(OverrideDocument.self, forKey: .override)
    }

    package func encode(to encoder: any Encoder) throws {
        if let order { return try order.encode(to: encoder) }
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let state, let generation {
            try container.encode(state, forKey: .state)
            try container.encode(generation, forKey: .generation)
        }
        if let policySource, let policy {
            try container.encode(policySource, forKey: .policySource)
            try container.encode(policy, forKey: .policy)
            if state != nil { try container.encode(override, forKey: .override) }
        }
    }

    private enum CodingKeys: String, CodingKey {
        case state, generation
        case policySource = "policy_source"
        case policy, override, mode
    }
}

extension AuditValue {
    /// - Returns: `nil` for a value that this version cannot read.
    package init?(_ document: AuditValueDocument) {
        if let order = document.order {
            guard let override = Override(order) else { return nil }
            self = .override(override)
            return
        }
        let state = document.state.flatMap { State(rawValue: $0) }
        let source = document.policySource.flatMap { PolicySource($0) }
        let policy = document.policy.flatMap { try? Policy($0) }
        switch (state, document.generation, policy, source) {
        case (let state?, let generation?, let policy?, let source?):
            let override = document.override.flatMap { Override($0) }
            self = .breaker(state: state, generation: generation, policy: policy, source: source, override: override)
        case (let state?, let generation?, nil, nil): self = .state(state, generation: generation)
        case (nil, nil, let policy?, let source?): self = .policy(policy, source: source)
        default: return nil
        }
    }
}

/// A page of the audit log, newest first.
package struct AuditListDocument: Document {
    package var audit: [AuditEntryDocument]
    /// The token of the next page; empty if there is none.
    package var nextPageToken: String

    package init(audit: [AuditEntryDocument], nextPageToken: String) {
        self.audit = audit
        self.nextPageToken = nextPageToken
    }

    enum CodingKeys: String, CodingKey {
        case audit
        case nextPageToken = "next_page_token"
    }
}
