import BreakerCore

/// The answers to workers, as JSON. They are written directly as bytes, because they are the most frequent answers.
/// Nothing in them needs an escape.
extension [UInt8] {
    mutating func append(_ decision: Decision) {
        switch decision {
        case .allowed(let permit, let state, let leaseMs, let wouldDeny):
            append(#"{"allowed":true,"state":""#)
            append(state)
            append(#"","permit":""#)
            append(contentsOf: permit.description.utf8)
            append("\"")
            if let leaseMs { append(#","lease_ms":"#, leaseMs) }
            if wouldDeny { append(#","would_deny":true"#) }
        case .denied(let state, let generation, let retryAfterMs):
            append(#"{"allowed":false,"state":""#)
            append(state)
            append(#"","generation":"#, generation)
            if let retryAfterMs { append(#","retry_after_ms":"#, retryAfterMs) }
        }
        append("}")
    }

    /// The answer to a report, alone or as an item of a batch.
    mutating func append(_ answer: ReportAnswer, of report: Report) {
        if let refusal = answer.refusal {
            append(#"{"applied":false,"reason":""#)
            append(contentsOf: refusal.rawValue.utf8)
            append(#"","state":""#)
        } else {
            append(#"{"applied":true,"state":""#)
        }
        append(answer.state)
        append(#"","generation":"#, answer.generation)
        if report.count > 1 { append(#","counted":"#, Int64(answer.counted)) }
        if answer.isDuplicate { append(#","duplicate":true"#) }
        append("}")
    }

    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: StaticString, _ number: Int64) {
        append(text)
        append(contentsOf: String(number).utf8)
    }

    private mutating func append(_ state: State) {
        switch state {
        case .closed: append("closed" as StaticString)
        case .open: append("open" as StaticString)
        case .halfOpen: append("half_open" as StaticString)
        }
    }
}
