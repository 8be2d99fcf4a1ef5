import BreakerCore

/// Leases as a column: `00000000000001f3@1700000030000 …`.
enum LeaseText {
    private static let idDigits = 16

    static func text(of leases: [Breaker.Lease]) -> String {
        if leases.isEmpty { return "" }
        return leases.map { lease in
            let digits = String(lease.id, radix: 16)
            let zeros = String(repeating: "0", count: idDigits - digits.utf8.count)
            return "\(zeros)\(digits)@\(lease.until.milliseconds)"
        }.joined(separator: " ")
    }

    static func leases(in text: String) throws(SQLiteError) -> [Breaker.Lease] {
        var leases: [Breaker.Lease] = []
        for part in text.split(separator: " ") {
            let halves = part.split(separator: "@")
            guard halves.count == 2, halves[0].utf8.count == idDigits, let id = UInt64(halves[0], radix: 16),
                let until = Int64(halves[1])
            else { throw .damaged("'\(text)' is no list of leases") }
            leases.append(Breaker.Lease(id: id, until: Instant(milliseconds: until)))
        }
        return leases
    }
}
