import ArgumentParser
import BreakerCore
import BreakerHTTP

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
