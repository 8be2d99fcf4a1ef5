import BreakerAPI
import BreakerText

extension OperatorClient {
    /// Asks the user to confirm an order. The question begins with the server's name, if it has one.
    ///
    /// - Parameter question: a printable text.
    func isConfirmed(_ question: String) async throws -> Bool {
        let name = try await version().name
        return try Confirmation.isGiven((name.map { "\($0.printable): " } ?? "") + question)
    }

    /// Prints the server's name above other output. Other programs may read output that is not on a terminal, so it has
    /// no such line.
    func printName(on screen: Screen) async throws {
        guard screen.isTerminal, let heading = try await version().heading(on: screen) else { return }
        try Output.lines([heading, ""])
    }

    private func version() async throws -> VersionDocument { try await get(Paths.version).decoded() }
}

extension VersionDocument {
    /// The server's name in its colour; `nil` if it has none.
    func heading(on screen: Screen) -> String? { name.map { screen.paint($0, style) } }

    private var style: Style {
        switch colour.flatMap({ ServerColour(rawValue: $0) }) {
        case .red?: .bad
        case .amber?: .warning
        case .green?: .good
        case .violet?: .ordered
        case .blue?, .grey?, nil: .strong
        }
    }
}
