/// What a token may do.
package enum Role: String, CaseIterable, Sendable {
    /// Acquire, report, and read one breaker.
    case worker
    /// Read everything.
    case viewer
    /// Everything.
    case `operator`
}

/// What a route requires of who asks.
enum Requirement: Hashable, Sendable {
    /// Nothing: anybody may, also without a token.
    case none
    /// Acquire and report.
    case work
    /// Read one breaker's present state.
    case readOne
    /// Read lists and history.
    case read
    case steer

    /// Whether an answer says what breakers there are, and how they do.
    var tellsOfBreakers: Bool {
        switch self {
        case .none, .work: false
        case .readOne, .read, .steer: true
        }
    }

    func isMet(by role: Role) -> Bool {
        switch role {
        case .operator: true
        case .viewer: self == .none || self == .readOne || self == .read
        case .worker: self == .none || self == .readOne || self == .work
        }
    }
}
