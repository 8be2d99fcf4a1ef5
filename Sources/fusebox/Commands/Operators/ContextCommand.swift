import ArgumentParser
import BreakerText
import Foundation

struct ContextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "List named servers (contexts), or select the one to use.",
        discussion: """
            Contexts are in ~/.config/fusebox/contexts.yaml, or in the file that FUSEBOX_CONTEXTS names:

              current: staging
              contexts:
                staging:
                  url: http://127.0.0.1:7979
                production:
                  url: https://fusebox.example.com
                  token_file: ~/.config/fusebox/production

            A context has a url, and a token or a token_file. The contexts file must not be writable by all \
            users, and not readable by them if it contains a token.
            """,
        subcommands: [List.self, Use.self],
        defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the contexts; an asterisk marks the current one.",
            discussion: "Tokens are not shown.\n\nExample: fusebox context list"
        )

        @OptionGroup var output: OutputOptions

        func run() throws {
            let file = try ContextFile.read()
            if output.json {
                let contexts = file.contexts.map { ["name": $0.name, "url": $0.url] }
                let document: [String: Any] = ["current": file.current as Any? ?? NSNull(), "contexts": contexts]
                return try Output.line(OperatorJSON.text(document))
            }
            guard !file.contexts.isEmpty else { return Output.remark("There are no contexts in \(file.path).") }
            var table = TextTable([.init(""), .init("CONTEXT", least: 8), .init("URL", least: 8), .init("TOKEN")])
            table.rows = file.contexts.map { context in
                [
                    TextTable.Cell(context.name == file.current ? "*" : "", .good),
                    TextTable.Cell(context.name, .strong), TextTable.Cell(context.url),
                    TextTable.Cell(context.token != nil ? "in the file" : context.tokenFile ?? "", .faint),
                ]
            }
            try Output.lines(table.lines(on: .standardOutput))
        }
    }

    struct Use: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a context the current one.",
            discussion: """
                --context, --url, FUSEBOX_CONTEXT, FUSEBOX_URL and FUSEBOX_LISTEN take precedence over the current \
                context.

                Example: fusebox context use staging
                """
        )

        @Argument(help: "The name of the context.")
        var name: String

        func run() throws {
            let file = try ContextFile.read()
            let context = try file.context(name)
            let text = try String(contentsOfFile: file.path, encoding: .utf8)
            try replace(file.path, with: try ContextFile.text(text, withCurrent: name, path: file.path))
            try Output.line("\(name) is the current context: \(context.url)".printable)
        }

        /// Replaces the file atomically and keeps its mode. A link stays a link; the file that it leads to is replaced.
        private func replace(_ path: String, with text: String) throws(SettingsError) {
            do {
                let file = try TemporaryFile(for: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
                defer { file.discard() }
                try file.handle.write(contentsOf: Data(text.utf8))
                try file.replace()
            } catch {
                throw SettingsError(description: "\(path) cannot be written: \(error.localizedDescription)")
            }
        }
    }
}
