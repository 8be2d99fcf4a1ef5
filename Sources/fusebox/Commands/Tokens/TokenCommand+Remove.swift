import ArgumentParser
import BreakerHTTP
import BreakerText

extension TokenCommand {
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove the lines of a token from a tokens file.",
            usage: "fusebox token remove --file <file> --name <name> [--old] [--yes]",
            discussion: """
                The command prints the number of lines and asks for confirmation, unless --yes is given. It changes no \
                other line, and refuses to remove the last token of the file: a server accepts no file without tokens. \
                The token is valid until `fusebox token reload` or SIGHUP makes the server read the file again. Then \
                its browser sessions end, too.

                Example: fusebox token remove --file tokens --name checkout --yes
                """
        )

        @Option(help: "The tokens file.")
        var file: String

        @Option(help: "The name of the token.")
        var name: String

        @Flag(help: "Remove all lines of the name but the last, which is the newest.")
        var old = false

        @Flag(help: "Remove without asking for confirmation.")
        var yes = false

        func run() throws {
            let file = try TokensFile(editing: file)
            let (rest, count) = TokenFile.removeLines(of: name, from: file.text ?? "", keepsLast: old)
            guard count > 0 else {
                let what = old ? "no old line of the token" : "no token"
                throw SettingsError(description: "\(file.path) has \(what) \(name); nothing was removed")
            }
            guard !TokenFile.isEmpty(rest) else {
                throw SettingsError(
                    description: """
                        \(name) is the only token of \(file.path), and a server accepts no file without tokens; add \
                        another token first
                        """
                )
            }
            let lines = count == 1 ? "1 line" : "\(count) lines"
            guard try yes || Confirmation.isGiven("Remove \(lines) of \(name) from \(file.path)?".printable) else {
                throw ExitCode.failure
            }
            try file.write(rest)
            try Output.line("\(lines) of \(name) removed".printable)
            Output.remark("Run fusebox token reload, or send SIGHUP to the server; until then the token is valid.")
        }
    }
}
