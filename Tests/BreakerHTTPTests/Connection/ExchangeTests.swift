import BreakerAPI
import Testing

@testable import BreakerHTTP

@Suite("An exchange knows what a connection owes its client")
struct ExchangeTests {
    enum Event: Equatable {
        case began(keepsAlive: Bool)
        case ended
        case failed(ProblemCode)
        case responseBegan(saysClose: Bool)
        case responseEnded
    }

    struct Script: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var events: [Event]
        /// What the last event asks for; every event before it asks for nothing.
        var action: Exchange.Action
        var isOver: Bool

        init(_ name: String, _ events: [Event], _ action: Exchange.Action, isOver: Bool) {
            testDescription = name
            self.events = events
            self.action = action
            self.isOver = isOver
        }
    }

    private static let request: [Event] = [.began(keepsAlive: true), .ended]
    private static let lastRequest: [Event] = [.began(keepsAlive: false), .ended]
    private static let response: [Event] = [.responseBegan(saysClose: false), .responseEnded]

    @Test(
        "It closes when the client, the answer or broken bytes say so, and never before everything due is told",
        arguments: [
            Script("a request and its response", request + response, .nothing, isOver: false),
            Script("the client closes", lastRequest + response, .close, isOver: true),
            Script(
                "the answer closes",
                request + [.responseBegan(saysClose: true), .responseEnded],
                .close,
                isOver: true
            ),
            Script("two in a row, the first answered", request + request + response, .nothing, isOver: false),
            Script("two in a row, the second closes", request + lastRequest + response, .nothing, isOver: false),
            Script("two in a row, both answered", request + lastRequest + response + response, .close, isOver: true),
            Script("garbage at once", [.failed(.malformedRequest)], .answerAndClose(.malformedRequest), isOver: true),
            Script("garbage behind a request", request + [.failed(.malformedRequest)], .nothing, isOver: false),
            Script(
                "garbage behind a request that is then answered",
                request + [.failed(.malformedRequest)] + response,
                .answerAndClose(.malformedRequest),
                isOver: true
            ),
            Script(
                "garbage while the response is on its way",
                request + [.responseBegan(saysClose: false), .failed(.malformedRequest), .responseEnded],
                .answerAndClose(.malformedRequest),
                isOver: true
            ),
            Script(
                "garbage behind a request that closes",
                lastRequest + [.failed(.malformedRequest)] + response,
                .close,
                isOver: true
            ),
            Script(
                "a broken body",
                [.began(keepsAlive: true), .failed(.malformedRequest)],
                .answerAndClose(.malformedRequest),
                isOver: true
            ),
            Script(
                "a broken body behind a request",
                request + [.began(keepsAlive: true), .failed(.malformedRequest)] + response,
                .answerAndClose(.malformedRequest),
                isOver: true
            ),
            Script(
                "a broken body whose response has begun",
                [.began(keepsAlive: true), .responseBegan(saysClose: false), .failed(.malformedRequest)],
                .close,
                isOver: true
            ),
            Script(
                "a broken body whose response is complete",
                [.began(keepsAlive: true)] + response + [.failed(.malformedRequest)],
                .close,
                isOver: true
            ),
            Script(
                "a body that is late although its response is complete",
                [.began(keepsAlive: true)] + response + [.failed(.requestTimeout)],
                .close,
                isOver: true
            ),
            Script(
                "a body that is late",
                [.began(keepsAlive: true), .failed(.requestTimeout)],
                .answerAndClose(.requestTimeout),
                isOver: true
            ),
            Script(
                "a body that comes after all, while an earlier request is answered",
                request + [.began(keepsAlive: true), .failed(.requestTimeout), .ended] + response + response,
                .nothing,
                isOver: false
            ),
            Script(
                "the first of two errors is told",
                request + [.failed(.headersTooLarge), .failed(.malformedRequest)] + response,
                .answerAndClose(.headersTooLarge),
                isOver: true
            ),
            Script(
                "nothing is told twice",
                [.failed(.malformedRequest), .failed(.malformedRequest)],
                .nothing,
                isOver: true
            ),
        ]
    )
    func events(script: Script) {
        var exchange = Exchange()
        var actions: [Exchange.Action] = []
        for event in script.events { actions.append(exchange.apply(event)) }
        #expect(actions.last == script.action)
        #expect(exchange.isOver == script.isOver)
        let early = actions.dropLast().filter { $0 != .nothing }
        #expect(early.isEmpty || script.testDescription == "nothing is told twice")
    }

    @Test("A client is told to go on with its body only where nothing else is under way")
    func mayContinue() {
        var exchange = Exchange()
        #expect(!exchange.mayContinue)
        exchange.requestBegan(keepsAlive: true)
        #expect(exchange.mayContinue)
        exchange.requestEnded()
        #expect(!exchange.mayContinue)
        exchange.requestBegan(keepsAlive: true)
        #expect(!exchange.mayContinue, "the request before it has no answer yet")
    }
}

extension Exchange {
    fileprivate mutating func apply(_ event: ExchangeTests.Event) -> Action {
        switch event {
        case .began(let keepsAlive): requestBegan(keepsAlive: keepsAlive)
        case .ended: requestEnded()
        case .failed(let code): return requestFailed(code)
        case .responseBegan(let saysClose): _ = responseBegan(saysClose: saysClose)
        case .responseEnded: return responseEnded()
        }
        return .nothing
    }
}
