/// What a token may do.
package enum Role: String, CaseIterable, Sendable {
    /// Acquire, report, read one breaker, and follow the changes.
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
    /// Follow the changes, as workers do that decide by themselves.
    case follow
    /// Read lists and history.
    case read
    case steer

    /// Whether only operators, and viewers, need such a route.
    var isForOperators: Bool {
        switch self {
        case .none, .work, .readOne, .follow: false
        case .read, .steer: true
        }
    }

    func isMet(by role: Role) -> Bool {
        switch role {
        case .operator: true
        case .viewer: [.none, .readOne, .follow, .read].contains(self)
        case .worker: [.none, .readOne, .follow, .work].contains(self)
        }
    }
}
