import BreakerAPI
import BreakerCore
import Foundation

/// Watches a server on a terminal until the user ends it.
///
/// The stream of changes reports each event. Values that a change does not contain (the counts, the rules, the last
/// failure) are then read again. One task draws, and receives all events as inputs.
struct LiveWatch: Sendable {
    let address: ServerAddress
    let target: WatchTarget

    private enum Input: Sendable {
        case line(EventDocument)
        case away(String)
        case content(WatchView.Content, clockAheadMs: Int64)
        case tick
        case resized
        case signal(Int32)
        case key(UInt8)
    }

    private enum End: Error { case quit, signal(Int32) }

    private static let tick = Duration.milliseconds(100)
    /// How often to read the values that changes do not contain.
    private static let refreshIntervalMs: Int64 = 2_000
    private static let shortestRefresh = Duration.milliseconds(200)

    /// - Throws: if the server is unreachable at the start, or refuses. A signal ends the process as if it were not
    ///   caught.
    func run() async throws {
        let (inputs, sink) = AsyncStream.makeStream(of: Input.self)
        let (requests, asker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let signals = TerminalSignals([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH]) { number in
            sink.yield(number == SIGWINCH ? .resized : .signal(number))
        }
        defer { signals.end() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await follow(sink) }
                group.addTask { try await read(requests, sink) }
                group.addTask {
                    while !Task.isCancelled {
                        sink.yield(.tick)
                        try await Task.sleep(for: Self.tick)
                    }
                }
                group.addTask { try await draw(inputs, asker, keys: { readKeys(sink) }) }
                try await group.next()
            }
        } catch End.quit {
            return
        } catch End.signal(let number) {
            TerminalSignals.die(by: number)
        }
    }

    private func follow(_ sink: AsyncStream<Input>.Continuation) async throws {
        var follower = ChangeFollower(address, target.streamFilter)
        try await follower.follow { event in
            switch event {
            case .line(_, let change): sink.yield(.line(change))
            // The screen shows the URL elsewhere.
            case .away(let error): sink.yield(.away("\(error)".replacing("\(address.url) ", with: "")))
            }
        }
    }

    private func read(_ requests: AsyncStream<Void>, _ sink: AsyncStream<Input>.Continuation) async throws {
        let client = OperatorClient(address: address)
        for await _ in requests {
            do {
                let (content, clockAheadMs) = try await target.content(from: client)
                sink.yield(.content(content, clockAheadMs: clockAheadMs))
            } catch let error where ChangeFollower.mayPass(error) {
                // The stream reports whether the server is reachable.
            }
            try await Task.sleep(for: Self.shortestRefresh)
        }
    }

    private func draw(
        _ inputs: AsyncStream<Input>,
        _ asker: AsyncStream<Void>.Continuation,
        keys: @Sendable () -> Void
    ) async throws {
        var terminal = FullScreen()
        defer { terminal.leave() }
        var view = WatchView(title: "\(address.url)\(target.title)", at: .now())
        var panel = WatchedPanel()
        var lastRefresh: Instant?
        for await input in inputs {
            let now = Instant.now()
            switch input {
            case .line(let change):
                view.lastSign = now
                let isBack = view.trouble != nil
                view.trouble = nil
                view.add(panel.take(change))
                if isBack || change.type != "heartbeat" { lastRefresh = nil }
            case .away(let trouble): view.trouble = trouble
            case .content(let content, let clockAheadMs):
                if view.content == nil {
                    try terminal.enter()
                    keys()
                }
                (view.content, view.clockAheadMs) = (content, clockAheadMs)
            case .tick: break
            case .resized: terminal.forget()
            case .key(let key): if key == UInt8(ascii: "q") { throw End.quit }
            case .signal(SIGTSTP):
                terminal.leave()
                kill(getpid(), SIGSTOP)
                if view.content != nil { try terminal.enter() }
            case .signal(let number): throw End.signal(number)
            }
            let isRefreshDue = lastRefresh.map { $0.milliseconds(until: now) >= Self.refreshIntervalMs } ?? true
            if view.trouble == nil, panel.isKnown, isRefreshDue {
                lastRefresh = now
                asker.yield()
            }
            // Draw only on a tick, because hundreds of changes may arrive at once.
            if case .tick = input { try terminal.draw(view.lines(on: .standardOutput, at: now)) }
        }
    }

    private func readKeys(_ sink: AsyncStream<Input>.Continuation) {
        guard isatty(STDIN_FILENO) == 1 else { return }
        Thread.detachNewThread {
            var key: UInt8 = 0
            while true {
                let count = Foundation.read(STDIN_FILENO, &key, 1)
                guard count == 1 || count < 0 && errno == EINTR else { return }
                if count == 1 { sink.yield(.key(key)) }
            }
        }
    }
}

/// The target of a watch: one breaker, or all breakers with a common prefix.
struct WatchTarget: Sendable {
    var name: String?
    var prefix: String?

    var streamFilter: OperatorClient.Query { [("name", name), ("prefix", prefix)] }

    /// The text after the server's address in the title.
    var title: String {
        if let name { return "  \(name)" }
        return prefix.map { "  \($0)…" } ?? ""
    }

    /// The content to show, and how far the server's clock is ahead of this machine's, in milliseconds.
    func content(from client: OperatorClient) async throws -> (WatchView.Content, Int64) {
        guard let name else {
            // Request only as many as fit on the screen. The server's maximum is 1 000.
            let size = min(Screen.standardOutput.height, 1_000)
            let query = [("sort", "attention"), ("prefix", prefix), ("page_size", "\(size)")] as OperatorClient.Query
            let reply = try await client.get(Paths.breakers, query)
            return (.list(try reply.decoded()), Instant.now().milliseconds(until: reply.now))
        }
        do {
            let reply = try await client.breaker(name)
            let explanation = try await client.get(Paths.explanation(name))
            let content = WatchView.Content.page(try reply.decoded(), try explanation.decoded())
            return (content, Instant.now().milliseconds(until: reply.now))
        } catch let problem as ServerProblem where problem.code == ProblemCode.unknownBreaker.rawValue {
            return (.gone(name), 0)
        }
    }
}
