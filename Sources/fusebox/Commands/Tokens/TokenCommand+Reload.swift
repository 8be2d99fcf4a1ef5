import ArgumentParser
import BreakerAPI
import Foundation
import NIOHTTP1

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
