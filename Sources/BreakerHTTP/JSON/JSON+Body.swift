import BreakerAPI

extension JSON {
    /// Parses a request's body.
    init(body: [UInt8]) throws(Problem) {
        do throws(JSONCursor.Failure) {
            self = try JSONParser.parse(body)
        } catch {
            throw Problem(error)
        }
    }

    /// Parses a request's body, an object with no members except `known`: a misspelt member would make an order that
    /// the operator did not give.
    init(body: [UInt8], members known: Set<String>) throws(Problem) {
        try self.init(body: body)
        try require(members: known)
    }

    /// Checks that the value is an object with no members except `known`.
    ///
    /// - Parameter path: the prefix of a field's name in an error: `breakers.payments.`, or empty for the body.
    func require(members known: Set<String>, at path: String = "") throws(Problem) {
        guard case .object(let members) = self else {
            throw .invalid(path.isEmpty ? "body" : String(path.dropLast()), "must be an object, not \(kindInWords)")
        }
        let unknown = members.map(\.key).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw .invalid(unknown.map { Problem.Fault(field: path + $0, detail: "is unknown") })
        }
    }
}

extension Problem {
    /// The problem of a request's body that is not a JSON document.
    init(_ failure: JSONCursor.Failure) {
        self = .invalid("body", "is not JSON: \(failure.detail) (at byte \(failure.offset))")
    }
}
