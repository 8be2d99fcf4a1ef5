/// The `x-request-id` of an answer: the client's own, or one made here.
enum RequestID {
    /// - Parameter given: the request's own id; used if it is short and all its characters are visible ASCII.
    static func of(_ given: String?) -> String {
        guard let given, isEchoed(given) else { return make() }
        return given
    }

    /// Whether the server echoes an id that a client gave: it is short and visible ASCII.
    static func isEchoed(_ given: String) -> Bool {
        HTTPLimits.requestIDLength.contains(given.utf8.count) && given.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return String(random.next(), radix: 16)
    }

    /// Makes ids as good as those of ``make()`` for one connection, without a system call for each: from a random seed,
    /// by steps of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
    struct Sequence {
        private var state: UInt64

        init() {
            var random = SystemRandomNumberGenerator()
            state = random.next()
        }

        mutating func next() -> String {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return String(mixed ^ (mixed >> 31), radix: 16)
        }
    }
}
