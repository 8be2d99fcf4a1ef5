import BreakerAPI

/// What one connection owes its client: which requests have come in, which responses have begun, and when to close.
///
/// A value: each method is an event and returns what the shell has to do about it.
struct Exchange {
    enum Action: Equatable {
        case nothing
        /// Write this error, which is the last thing on the connection, and close.
        case answerAndClose(ProblemCode)
        /// Everything is written: close.
        case close
    }

    /// For each request that is not answered to the end, the oldest first: whether the connection may be kept behind it.
    private var keepsAlive: [Bool] = []
    /// A request's head has come, and not yet its end.
    private(set) var isReading = false
    /// A response's head has gone, and not yet its end.
    private var isResponding = false
    private var closesAfterResponse = false
    /// What is wrong with the bytes behind the requests that are still to be answered.
    private var error: ProblemCode?
    /// The last byte has been decided upon; nothing goes in or out any more.
    private(set) var isOver = false

    /// Whether a request may be told to go on with its body: nothing else is under way.
    var mayContinue: Bool { isReading && keepsAlive.count == 1 && !isResponding && !isOver }

    mutating func requestBegan(keepsAlive: Bool) {
        self.keepsAlive.append(keepsAlive)
        isReading = true
    }

    /// A body that is whole after all was not too late, as long as nothing was said of it.
    mutating func requestEnded() {
        isReading = false
        if error == .requestTimeout { error = nil }
    }

    /// What comes in cannot be read, or not in time; nothing behind it can either.
    mutating func requestFailed(_ code: ProblemCode) -> Action {
        guard !isOver, error == nil else { return .nothing }
        error = code
        return answerErrorIfDue()
    }

    /// - Returns: whether the connection closes behind the response.
    mutating func responseBegan(saysClose: Bool) -> Bool {
        isResponding = true
        closesAfterResponse = saysClose || !(keepsAlive.first ?? false)
        return closesAfterResponse
    }

    mutating func responseEnded() -> Action {
        isResponding = false
        if !keepsAlive.isEmpty { keepsAlive.removeFirst() }
        if closesAfterResponse {
            isOver = true
            return .close
        }
        return answerErrorIfDue()
    }

    /// An error is told once all whole requests before it are answered. Where the request that did not end has its
    /// response already, or has the beginning of one, there is nothing left to tell.
    private mutating func answerErrorIfDue() -> Action {
        guard let error, keepsAlive.count <= (isReading ? 1 : 0) else { return .nothing }
        isOver = true
        let isAnswered = isReading && keepsAlive.isEmpty
        return isResponding || isAnswered ? .close : .answerAndClose(error)
    }
}
