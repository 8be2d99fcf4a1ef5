import BreakerCore

/// What became of a call, as the breaker is told.
public enum CallOutcome: Hashable, Sendable {
    case success
    /// - `kind`: a short word: `timeout`, `connection`, `http_503`; cut at 64 characters.
    /// - `detail`: a sentence for who looks at the failure; cut at 512 bytes. It is stored and shown to operators.
    case failure(kind: String? = nil, detail: String? = nil)
    /// Not the downstream's fault: a caller's bad request, a cancellation.
    case ignored

    /// How an error counts unless a breaker is told otherwise: a failure, its kind `timeout` or `connection` where it is
    /// known to be that, else the domain and the code of an `NSError` (`com.example.pay_7`), else the name of the error's
    /// type.
    ///
    /// Whatever a breaker is told, any error of a task that is cancelled is ``ignored``, and so is the ``BreakerOpen`` of
    /// another breaker. A `CancellationError` in a task that is not cancelled is an error like others: the downstream gave
    /// up.
    public static func standard(_ error: any Error) -> CallOutcome {
        .failure(kind: ErrorKind.of(error))
    }

    /// How the end of a call counts.
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

    /// As the state machine has it.
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

/// The first code points of a text, which is how the server counts its characters.
func cut(_ text: String, toLength length: Int) -> String {
    // No text has more code points than bytes.
    guard text.utf8.count > length else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(length)))
}
