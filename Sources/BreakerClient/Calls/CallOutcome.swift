import BreakerCore

/// The outcome of a call, as it is reported to the breaker.
public enum CallOutcome: Hashable, Sendable {
    case success
    /// - `kind`: a short word: `timeout`, `connection`, `http_503`; cut at 64 characters.
    /// - `detail`: a sentence about the failure; cut at 512 bytes. It is stored and shown to operators.
    case failure(kind: String? = nil, detail: String? = nil)
    /// Not the downstream's fault: a caller's bad request, a cancellation.
    case ignored

    /// The default classification of an error: a failure. Its kind is `timeout` or `connection` if the error is known
    /// to be one, else the domain and the code of an `NSError` (`com.example.pay_7`), else the name of the error's
    /// type.
    ///
    /// Some errors are ``ignored`` under any classification: any error of a cancelled task, the ``BreakerOpen`` of
    /// another breaker, and ``UnfinishedResult``. A `CancellationError` in a task that is not cancelled is an error
    /// like any other: the downstream gave up.
    public static func standard(_ error: any Error) -> CallOutcome {
        .failure(kind: ErrorKind.of(error))
    }

    /// How a call's result counts.
    static func of<Value>(
        _ result: Result<Value, any Error>,
        isCancelled: Bool,
        _ classify: (Result<Value, any Error>) -> CallOutcome
    ) -> CallOutcome {
        if case .failure(let error) = result, isCancelled || error is BreakerOpen || error is UnfinishedResult {
            return .ignored
        }
        return classify(result)
    }

    /// The outcome in the terms of the state machine.
    var core: (outcome: Outcome, kind: String?, detail: String?) {
        switch self {
        case .success: return (.success, nil, nil)
        case .ignored: return (.ignored, nil, nil)
        case .failure(let given, let detail):
            let kind = given.map { cut($0, toLength: Limits.kindLength) }
            return (.failure, kind, detail.map(Limits.cutDetail))
        }
    }
}

/// The first code points of a text. The server counts characters in code points.
func cut(_ text: String, toLength length: Int) -> String {
    // No text has more code points than bytes.
    guard text.utf8.count > length else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(length)))
}
