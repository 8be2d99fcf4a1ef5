import BreakerCore

/// The text form of leases in a column: `00000000000001f3@1700000030000 …`.
enum LeaseText {
    static func text(of leases: [Breaker.Lease]) -> String {
        if leases.isEmpty { return "" }
        return leases.map { "\($0.id.hexadecimal)@\($0.until.milliseconds)" }.joined(separator: " ")
    }

    static func leases(in text: String) throws(SQLiteError) -> [Breaker.Lease] {
        var leases: [Breaker.Lease] = []
        for part in text.split(separator: " ") {
            let halves = part.split(separator: "@")
            guard halves.count == 2, let id = UInt64(hexadecimal: halves[0]), let until = Int64(halves[1])
            else { throw .damaged("'\(text)' is not a list of leases") }
            leases.append(Breaker.Lease(id: id, until: Instant(milliseconds: until)))
        }
        return leases
    }
}
