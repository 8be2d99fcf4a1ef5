/// The role of a token: the requests that it allows.
package enum Role: String, CaseIterable, Sendable {
    /// Acquire, report, read one breaker, and follow the changes.
    case worker
    /// Read everything.
    case viewer
    /// Everything.
    case `operator`
}

/// The right that a client needs for a route.
enum Requirement: Hashable, Sendable {
    /// No right: any client may use the route, also without a token.
    case none
    /// Acquire and report.
    case work
    /// Read the present state of one breaker.
    case readOne
    /// Follow the changes, as workers do that decide locally.
    case follow
    /// Read lists and history.
    case read
    case steer

    /// Whether only operators and viewers use a route with this requirement.
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
