import ArgumentParser
import BreakerCore
import BreakerHTTP

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
