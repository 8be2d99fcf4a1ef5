/// The last `window_calls` calls.
struct CallWindow: Sendable {
    /// A ring of calls, each a set of flags; grows to its capacity, then the oldest is overwritten.
    private var calls: [UInt8] = []
    /// Where the oldest call is, once the ring is full.
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
    /// Where in the ring the oldest call lies says nothing of the window.
    static func == (left: CallWindow, right: CallWindow) -> Bool { left.oldestFirst == right.oldestFirst }

    func hash(into hasher: inout Hasher) { hasher.combine(oldestFirst) }
}

// MARK: As bytes

extension CallWindow {
    func write(to bytes: inout Bytes) {
        for call in oldestFirst { bytes.append(UInt64(call)) }
    }

    /// - Returns: `nil` where the bytes are not what ``write(to:)`` writes, or hold more than `capacity` calls.
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
