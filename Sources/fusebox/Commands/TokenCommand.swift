import ArgumentParser
import BreakerHTTP

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make tokens for those who may use the server.",
        subcommands: [New.self]
    )

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token: print its secret, once, and its line for the tokens file.",
            discussion: """
                Give the secret to the client or the operator; put the line into the file given by --tokens. The file \
                holds only a digest: it cannot be used to sign in, and a lost secret cannot be found again. Send the \
                server a SIGHUP to have it read the file again. Removing or replacing a line ends the browser sessions \
                of its token.

                With --certificate there is no secret: the client shows a TLS certificate of the authority that \
                serve --tls-client-ca names, and its subject's common name is the token's name.
                """
        )

        @Option(help: "Who will use it. Kept with every change that is ordered with it.")
        var name: String

        @Option(help: "worker (acquire, report, read one breaker), viewer (read all) or operator (everything).")
        var role: String

        @Option(help: "Limit it to breakers whose names begin with this text.")
        var prefix = ""

        @Flag(help: "The client shows a TLS certificate of this name; there is no secret.")
        var certificate = false

        func validate() throws {
            guard TokenFile.isName(name) else {
                throw ValidationError("--name is 1 to 128 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit")
            }
            guard Role(rawValue: role) != nil else {
                throw ValidationError("--role is worker, viewer or operator, not \(role)")
            }
            guard prefix.isEmpty || TokenFile.isName(prefix) else {
                throw ValidationError("no breaker's name begins with \(prefix)")
            }
        }

        func run() throws {
            guard let role = Role(rawValue: role) else { preconditionFailure("the role \(role) was validated") }
            guard !certificate else {
                let token = Token(name: name, role: role, prefix: prefix, digest: nil)
                return print("line for the tokens file: \(token.line)")
            }
            let (token, secret) = Token.make(name: name, role: role, prefix: prefix)
            print("secret (shown only now):  \(secret)")
            print("line for the tokens file: \(token.line)")
        }
    }
}
