import ArgumentParser
import BreakerAPI
import Foundation

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch what happens, as it happens.",
        usage: "fusebox watch [<name> | --prefix <text>] [--json]",
        discussion: """
            On a terminal: the list, those that need attention first, or one breaker's page, kept up to date, with the \
            last changes below; q or Ctrl-C ends it. Elsewhere: a line for each change. With --json: each change, and \
            each resync (the whole panel, with which a stream begins), as a line of JSON, as the server tells it.

            Where the server goes away it is tried again until it is back; what happened meanwhile is told then, and \
            nothing twice. Where it is away at the start, that is an error.

            Examples:
              fusebox watch --prefix payments:
              fusebox watch payments | tee changes.log
            """
    )

    @Argument(help: "Only this breaker.")
    var name: String?

    @Option(help: ArgumentHelp("Only breakers whose names begin with this text.", valueName: "text"))
    var prefix: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func validate() throws {
        guard name == nil || prefix == nil else { throw ValidationError("NAME does not go with --prefix") }
    }

    func run() async throws {
        let address = try server.address()
        let target = WatchTarget(name: name, prefix: prefix)
        // Check that the breaker exists: a misspelled name would be watched for ever.
        if let name { _ = try await OperatorClient(address: address).breaker(name) }
        if Screen.standardOutput.isSteerable, !output.json {
            return try await LiveWatch(address: address, target: target).run()
        }
        var follower = ChangeFollower(address, target.streamFilter)
        var lines = WatchLines(asJSON: output.json, url: address.url)
        try await follower.follow { try lines.take($0) }
    }
}

/// Prints one line per change.
struct WatchLines {
    let asJSON: Bool
    let url: String
    private var panel = WatchedPanel()
    private var isAway = false

    init(asJSON: Bool, url: String) {
        self.asJSON = asJSON
        self.url = url
    }

    mutating func take(_ event: ChangeFollower.Event) throws {
        switch event {
        case .away(let error):
            // Report only the first of several failed attempts.
            if !isAway { CommandFailure.tell(error) }
            isAway = true
        case .line(let line, let change):
            if isAway, !asJSON { Output.remark("\(url) is there again.") }
            isAway = false
            guard change.type != "heartbeat" else { return }
            if asJSON { return try Output.json(line) }
            if panel.isKnown, let reason = change.reason, change.breakers != nil {
                Output.remark("The server does not tell all that happened meanwhile (\(reason.printable)).")
            }
            try Output.lines(panel.take(change).map { $0.text(on: .standardOutput) })
        }
    }
}
