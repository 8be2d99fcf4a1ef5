import ArgumentParser
import BreakerCore
import BreakerHTTP

extension TokenCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens of a tokens file: their names, roles and prefixes.",
            usage: "fusebox token list --file <file>",
            discussion: """
                =payments stands for the name payments alone. A name that has two lines has two secrets.

                Example: fusebox token list --file tokens
                """
        )

        @Option(help: "The tokens file.")
        var file: String

        func run() throws {
            let tokens = try TokensFile(reading: file).tokens
            guard !tokens.isEmpty else { return Output.remark("There are no tokens in \(file).") }
            var table = TextTable([.init("NAME", least: 8), .init("ROLE"), .init("BREAKERS", least: 8)])
            table.rows = tokens.map { token in
                [
                    TextTable.Cell(token.name, .strong), TextTable.Cell(token.role.rawValue),
                    TextTable.Cell(token.scope == .all ? "all" : token.scope.description),
                ]
            }
            try Output.lines(table.lines(on: .standardOutput))
        }
    }
}
