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
