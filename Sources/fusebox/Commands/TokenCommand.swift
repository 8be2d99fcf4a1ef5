import ArgumentParser
import BreakerAPI
import BreakerCore
import BreakerHTTP
import BreakerText
import Foundation
import NIOHTTP1

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Create, list and remove the tokens of clients and operators.",
        subcommands: [Add.self, List.self, Remove.self, Reload.self, New.self]
    )

    /// - Throws: an error that names the option, unless `name` can be the name of a token.
    static func check(name: String) throws(ValidationError) {
        guard TokenFile.isName(name) else {
            throw ValidationError(
                "--name must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit"
            )
        }
    }

    static func role(_ text: String) throws(ValidationError) -> Role {
        guard let role = Role(rawValue: text) else {
            throw ValidationError("--role must be worker, viewer or operator, not \(text)")
        }
        return role
    }

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token; print its secret, once, and its line for the tokens file.",
            discussion: """
                For a tokens file on this machine, `token add` does the same and adds the line.

                Give the secret to the client or the operator, and add the line to the file given by --tokens. The \
                file contains only a digest of the secret: the digest cannot be used to sign in, and a lost secret \
                cannot be recovered. Send SIGHUP to the server to make it read the file again. Removing or replacing \
                a line ends the browser sessions of its token.

                With --certificate there is no secret. The client presents a TLS certificate that is signed by an \
                authority of serve --tls-client-ca, and whose subject's common name is the token's name.
                """
        )

        @Option(help: "The name of the token. The audit records it with every change.")
        var name: String

        @Option(
            help: "The role: worker (acquire, report, read one breaker), viewer (read all) or operator (everything)."
        )
        var role: String

        @Option(help: "Limit the token to breakers whose names begin with this prefix.")
        var prefix = ""

        @Flag(help: "Identify the client by a TLS certificate of this name, without a secret.")
        var certificate = false

        func validate() throws {
            try TokenCommand.check(name: name)
            _ = try TokenCommand.role(role)
            guard prefix.isEmpty || TokenFile.isName(prefix) else {
                throw ValidationError("--prefix must be the beginning of a breaker's name, not \(prefix)")
            }
        }

        func run() throws {
            let role = try TokenCommand.role(role)
            guard !certificate else {
                let token = Token(name: name, role: role, scope: NameScope(prefix: prefix), digest: nil)
                return print("line for the tokens file: \(token.line)")
            }
            let (token, secret) = Token.make(name: name, role: role, prefix: prefix)
            print("secret (shown only once): \(secret)")
            print("line for the tokens file: \(token.line)")
        }
    }
}

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

extension TokenCommand {
    struct Reload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a running server read its tokens file again, and print the result.",
            usage: "fusebox token reload [--json]",
            discussion: """
                If the file has a mistake, the command names its line and exits with 1, and the old tokens stay in \
                force. The command needs the token of an operator without a prefix. SIGHUP does the same, and reads \
                the certificates again; its result is in the server's log.
                """
        )

        @OptionGroup var output: OutputOptions
        @OptionGroup(title: "Server options") var server: ServerOptions

        func run() async throws {
            let reply = try await OperatorClient(address: try server.address()).send(.POST, Paths.tokenReload)
            if output.json { return try Output.line(OperatorJSON.text(reply.body)) }
            let count = try reply.decoded(as: TokenReloadDocument.self).tokens
            try Output.line("The server has read its tokens file: \(count == 1 ? "1 token" : "\(count) tokens")")
        }
    }
}

extension TokenCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token, add it to a tokens file, and print its secret, once.",
            usage:
                "fusebox token add --file <file> --name <name> [--role <role>] [--prefix <prefix>]... [--certificate]",
            discussion: """
                The secret is the only output, so that a script can store it. The file contains only a digest of the \
                secret: the digest cannot be used to sign in, and a lost secret cannot be recovered. The command \
                creates the file if it does not exist, and changes no other line. Afterwards, `fusebox token reload` \
                or SIGHUP makes the server read the file again.

                To replace a secret, add a second token of the same name, without --role and --prefix. Both secrets \
                are valid until `fusebox token remove --old` removes the old one.

                With --certificate there is no secret. The client presents a TLS certificate that is signed by an \
                authority of serve --tls-client-ca, and whose subject's common name is the token's name.

                Example: fusebox token add --file tokens --name checkout --role worker --prefix payments:
                """
        )

        @Option(help: "The tokens file.")
        var file: String

        @Option(help: "The name of the token. The audit records it with every change.")
        var name: String

        @Option(
            help: """
                The role: worker (acquire, report, read one breaker), viewer (read all) or operator (everything). \
                (default: that of the name's line in the file)
                """
        )
        var role: String?

        @Option(
            help: """
                Limit the token to breakers whose names begin with this prefix; payments: includes payments itself. \
                =payments is only the breaker payments. Give the option again for further prefixes and names.
                """
        )
        var prefix: [String] = []

        @Flag(help: "Identify the client by a TLS certificate of this name, without a secret.")
        var certificate = false

        func validate() throws {
            try TokenCommand.check(name: name)
            if let role { _ = try TokenCommand.role(role) }
            if role == nil, !prefix.isEmpty { throw ValidationError("--prefix requires --role") }
            do throws(NameScope.Failure) {
                _ = try scope()
            } catch {
                throw ValidationError("invalid --prefix: \(error.detail)")
            }
        }

        func run() throws {
            let file = try TokensFile(editing: file)
            let others = file.tokens.filter { $0.name == name }
            let (role, scope) = try rights(among: others, in: file.path)
            let (token, secret) = Token.make(name: name, role: role, scope: scope)
            let line = certificate ? Token(name: name, role: role, scope: scope, digest: nil).line : token.line
            let text = file.text ?? ""
            let isTerminated = text.last?.isNewline ?? true
            try file.write(text + (isTerminated ? "" : "\n") + line + "\n") { () throws(Output.Failure) in
                if !certificate { try Output.line(secret) }
            }
            Output.remark("\(file.path) has the token \(name). Run fusebox token reload, or send SIGHUP to the server.")
            guard !others.isEmpty else { return }
            Output.remark(
                """
                \(others.count + 1) lines have the name \(name), and all of them are valid. When the client uses the \
                new one, run: fusebox token remove --old --file \(file.path) --name \(name)
                """
            )
        }

        private func rights(among others: [Token], in path: String) throws -> (role: Role, scope: NameScope) {
            let other = others.first.map { (role: $0.role, scope: $0.scope) }
            guard let role else {
                guard let other else {
                    throw ValidationError("\(path) has no token \(name) whose role could be used; give --role")
                }
                return other
            }
            let rights = (role: try TokenCommand.role(role), scope: try scope())
            guard other.map({ $0 == rights }) ?? true else {
                throw SettingsError(
                    description: """
                        \(path) has a token \(name) with another role or prefix; leave out --role and --prefix to add \
                        a second secret for it, or choose another name
                        """
                )
            }
            return rights
        }

        /// The names that the prefixes admit. `payments:` is the prefix of the operations of `payments`, so the service
        /// itself is included.
        private func scope() throws(NameScope.Failure) -> NameScope {
            guard !prefix.isEmpty else { return .all }
            let words = prefix.flatMap { word in
                word.hasSuffix(":") && !word.hasPrefix("=") ? [word, "=\(word.dropLast())"] : [word]
            }
            return try NameScope(words.joined(separator: ","))
        }
    }
}
