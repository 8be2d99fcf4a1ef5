/// The window of a closed breaker: the calls that its rules evaluate.
enum Window: Hashable, Sendable {
    case time(TimeWindow)
    case calls(CallWindow)

    /// Creates an empty window of the kind that `policy` requires.
    init(for policy: Policy) {
        self =
            switch policy.window {
            case .time: .time(TimeWindow())
            case .calls: .calls(CallWindow())
            }
    }

    /// Adds one call that ended `elapsedMs` into the generation. `nowMs` is the present.
    /// - Returns: the counts of the window after the call.
    mutating func add(
        failed: Bool,
        slow: Bool,
        atElapsedMs elapsedMs: Int64,
        nowMs: Int64,
        policy: Policy
    ) -> Counts {
        switch (self, policy.window) {
        case (.time(var window), .time(let windowMs)):
            self = .calls(CallWindow())  // leaves `window` the only owner of its buckets, so that none are copied
            let present = TimeWindow.bucket(atElapsedMs: nowMs, windowMs: windowMs)
            let bucket =
                elapsedMs == nowMs ? present : TimeWindow.bucket(atElapsedMs: elapsedMs, windowMs: windowMs)
            window.add(Counts(failed: failed, slow: slow), toBucket: bucket)
            let counts = window.counts(upToBucket: present)
            self = .time(window)
            return counts
        case (.calls(var window), .calls(let capacity)):
            self = .time(TimeWindow())
            window.add(failed: failed, slow: slow, capacity: capacity)
            self = .calls(window)
            return window.counts
        case (.time, .calls), (.calls, .time):
            preconditionFailure("a \(policy.window) policy has another window")
        }
    }

    /// Adds calls that ended `elapsedMs` into the generation to a time window, which has a bucket for them. A window of
    /// the last calls ignores them, because they may not be among the last.
    mutating func addToBucket(_ calls: Counts, atElapsedMs elapsedMs: Int64, policy: Policy) {
        guard case .time(var window) = self, case .time(let windowMs) = policy.window else { return }
        self = .calls(CallWindow())  // leaves `window` the only owner of its buckets, so that none are copied
        let bucket = TimeWindow.bucket(atElapsedMs: elapsedMs, windowMs: windowMs)
        window.add(calls, toBucket: bucket)
        self = .time(window)
    }

    /// Whether the window holds a failure or a slow call that may still count.
    var hasFaults: Bool {
        let counts =
            switch self {
            case .time(let window): window.newestCounts
            case .calls(let window): window.counts
            }
        return counts.failures > 0 || counts.slow > 0
    }

    func counts(atElapsedMs elapsedMs: Int64, policy: Policy) -> Counts {
        switch (self, policy.window) {
        case (.time(let window), .time(let windowMs)):
            window.counts(upToBucket: TimeWindow.bucket(atElapsedMs: elapsedMs, windowMs: windowMs))
        case (.calls(let window), _): window.counts
        case (.time, .calls): preconditionFailure("a policy of last calls has a time window")
        }
    }
}

// MARK: As bytes

extension Window {
    var bytes: [UInt8] {
        var bytes = Bytes()
        switch self {
        case .time(let window): window.write(to: &bytes)
        case .calls(let window): window.write(to: &bytes)
        }
        return bytes.array
    }

    /// - Returns: `nil` if `bytes` are not a window of the kind that `policy` requires.
    init?(_ bytes: [UInt8], for policy: Policy) {
        var reader = Bytes.Reader(bytes)
        switch policy.window {
        case .time:
            guard let window = TimeWindow(reading: &reader) else { return nil }
            self = .time(window)
        case .calls(let capacity):
            guard let window = CallWindow(reading: &reader, capacity: capacity) else { return nil }
            self = .calls(window)
        }
    }
}

/// The number of calls, and of those that failed or were slow.
package struct Counts: Hashable, Sendable {
    package var calls: UInt32 = 0
    package var failures: UInt32 = 0
    package var slow: UInt32 = 0

    package static let zero = Counts()

    package init(calls: UInt32 = 0, failures: UInt32 = 0, slow: UInt32 = 0) {
        self.calls = calls
        self.failures = failures
        self.slow = slow
    }

    /// Counts of calls that all have the same outcome.
    init(failed: Bool, slow: Bool, calls: UInt32 = 1) {
        self.init(calls: calls, failures: failed ? calls : 0, slow: slow ? calls : 0)
    }

    /// Share of calls that failed, 0 to 1; `nil` if there were no calls.
    package var failureRate: Double? { calls == 0 ? nil : Double(failures) / Double(calls) }

    /// Share of calls that were slow, 0 to 1; `nil` if there were no calls.
    package var slowRate: Double? { calls == 0 ? nil : Double(slow) / Double(calls) }

    /// Adds with saturation: the maximum count is still above every threshold.
    static func += (left: inout Counts, right: Counts) {
        left.calls.addSaturating(right.calls)
        left.failures.addSaturating(right.failures)
        left.slow.addSaturating(right.slow)
    }
}

extension UInt32 {
    mutating func addSaturating(_ other: UInt32) {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? .max : sum
    }
}

/// A list of numbers, encoded as bytes of seven bits each, the least significant first (unsigned LEB128, DWARF 5,
/// section 7.6).
struct Bytes {
    private(set) var array: [UInt8] = []

    mutating func append(_ number: UInt64) {
        var rest = number
        while rest > 0x7f {
            array.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        array.append(UInt8(rest))
    }

    struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ array: [UInt8]) {
            rest = array[...]
        }

        var isAtEnd: Bool { rest.isEmpty }

        /// - Returns: `nil` at the end, for a truncated number, and for a number of more than 64 bits.
        mutating func next() -> UInt64? {
            var number: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                let bits = UInt64(byte & 0x7f)
                guard shift < 64, (bits << shift) >> shift == bits else { return nil }
                number |= bits << shift
                if byte & 0x80 == 0 { return number }
                shift += 7
            }
            return nil
        }
    }
}

/// The last `window_calls` calls.
struct CallWindow: Sendable {
    /// A ring of calls, each a set of flags. It grows to its capacity; then each call overwrites the oldest.
    private var calls: [UInt8] = []
    /// The index of the oldest call, once the ring is full.
    private var oldest = 0
    private(set) var counts = Counts.zero

    init() {}

    mutating func add(failed: Bool, slow: Bool, capacity: Int) {
        let call = (failed ? Self.failedFlag : 0) | (slow ? Self.slowFlag : 0)
        if calls.count < capacity {
            calls.append(call)
        } else {
            count(calls[oldest], by: -1)
            calls[oldest] = call
            oldest = (oldest + 1) % capacity
        }
        count(call, by: 1)
    }

    private mutating func count(_ call: UInt8, by step: Int) {
        counts.calls = UInt32(Int(counts.calls) + step)
        if call & Self.failedFlag != 0 { counts.failures = UInt32(Int(counts.failures) + step) }
        if call & Self.slowFlag != 0 { counts.slow = UInt32(Int(counts.slow) + step) }
    }

    private static let failedFlag: UInt8 = 1
    private static let slowFlag: UInt8 = 2

    private var oldestFirst: [UInt8] { Array(calls[oldest...] + calls[..<oldest]) }
}

extension CallWindow: Hashable {
    /// Compares the calls only: the index of the oldest call does not matter.
    static func == (left: CallWindow, right: CallWindow) -> Bool { left.oldestFirst == right.oldestFirst }

    func hash(into hasher: inout Hasher) { hasher.combine(oldestFirst) }
}

// MARK: As bytes

extension CallWindow {
    func write(to bytes: inout Bytes) {
        for call in oldestFirst { bytes.append(UInt64(call)) }
    }

    /// - Returns: `nil` if the bytes are not in the format of ``write(to:)``, or hold more than `capacity` calls.
    init?(reading bytes: inout Bytes.Reader, capacity: Int) {
        self.init()
        while !bytes.isAtEnd {
            guard let call = bytes.next(), call <= 3, counts.calls < UInt32(capacity) else { return nil }
            add(
                failed: call & UInt64(Self.failedFlag) != 0,
                slow: call & UInt64(Self.slowFlag) != 0,
                capacity: capacity
            )
        }
    }
}
