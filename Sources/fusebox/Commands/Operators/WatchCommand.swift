import ArgumentParser
import BreakerAPI
import BreakerText
import Foundation

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch changes as they happen.",
        usage: "fusebox watch [<name> | --prefix <text>] [--json]",
        discussion: """
            On a terminal, the command keeps the list of breakers, those that need attention first, or the page of one \
            breaker up to date, and shows the last changes below; q or Ctrl-C ends it. Elsewhere, it prints a line for \
            each change. With --json, it prints each change, and each resync (the whole panel, with which a stream \
            begins), as a line of JSON, as the server sends it.

            If the connection to the server is lost, the command tries again until the server is back. It then prints \
            the changes that it missed, none of them twice. If the server is unreachable at the start, the command \
            fails.

            Examples:
              fusebox watch --prefix payments:
              fusebox watch payments | tee changes.log
            """
    )

    @Argument(help: "Only this breaker.")
    var name: String?

    @Option(help: ArgumentHelp("Only breakers whose names begin with this prefix.", valueName: "text"))
    var prefix: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
        guard name == nil || prefix == nil else { throw ValidationError("give either NAME or --prefix, not both") }
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
            if !isAway { CommandFailure.report(error) }
            isAway = true
        case .line(let line, let change):
            if isAway, !asJSON { Output.remark("\(url) is reachable again.") }
            isAway = false
            guard change.type != "heartbeat" else { return }
            if asJSON { return try Output.json(line) }
            if panel.isKnown, let reason = change.reason, change.breakers != nil {
                Output.remark("The server did not send all missed changes (\(reason.printable)).")
            }
            try Output.lines(panel.take(change).map { $0.text(on: .standardOutput) })
        }
    }
}
