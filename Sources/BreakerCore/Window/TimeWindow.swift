/// The calls of the last `window_ms`, in 60 buckets.
///
/// A call at `elapsed` milliseconds into the generation falls into bucket `floor(elapsed × 60 / window_ms)`;
/// the newest 60 buckets count. No bucket is kept before the first call.
struct TimeWindow: Hashable, Sendable {
    static let bucketCount = 60

    /// Bucket `i` is at `i mod 60`; empty until the first call.
    private var buckets: [Counts] = []
    /// The number of the newest bucket that has been counted into.
    private var newest: Int64 = 0

    init() {}

    static func bucket(atElapsedMs elapsedMs: Int64, windowMs: Int64) -> Int64 {
        max(0, elapsedMs) * Int64(bucketCount) / windowMs
    }

    /// Adds to `bucket`, or to the newest if that is later: time never runs backwards here.
    mutating func add(_ call: Counts, toBucket bucket: Int64) {
        if buckets.isEmpty {
            buckets = Array(repeating: .zero, count: Self.bucketCount)
            newest = bucket
        }
        let bucket = max(bucket, newest)
        if bucket > newest {
            for skipped in max(newest + 1, bucket - Int64(Self.bucketCount) + 1)...bucket {
                buckets[Self.place(of: skipped)] = .zero
            }
            newest = bucket
        }
        buckets[Self.place(of: bucket)] += call
    }

    /// What the 60 buckets up to `bucket` hold together.
    func counts(upToBucket bucket: Int64) -> Counts {
        guard !buckets.isEmpty else { return .zero }
        var sum = Counts.zero
        forEachBucket { number, counts in
            if number > bucket - Int64(Self.bucketCount) { sum += counts }
        }
        return sum
    }

    private func forEachBucket(_ body: (Int64, Counts) -> Void) {
        guard !buckets.isEmpty else { return }
        for number in max(0, newest - Int64(Self.bucketCount) + 1)...newest {
            body(number, buckets[Self.place(of: number)])
        }
    }

    private static func place(of bucket: Int64) -> Int { Int(bucket % Int64(bucketCount)) }
}

// MARK: As bytes

extension TimeWindow {
    /// For each bucket that is not empty: its number, calls, failures and slow calls.
    func write(to bytes: inout Bytes) {
        forEachBucket { number, counts in
            guard counts != .zero else { return }
            bytes.append(UInt64(number))
            bytes.append(UInt64(counts.calls))
            bytes.append(UInt64(counts.failures))
            bytes.append(UInt64(counts.slow))
        }
    }

    /// - Returns: `nil` where the bytes are not what ``write(to:)`` writes.
    init?(reading bytes: inout Bytes.Reader) {
        self.init()
        while !bytes.isAtEnd {
            guard let number = bytes.next().flatMap({ Int64(exactly: $0) }),
                buckets.isEmpty || number > newest,
                let calls = bytes.next().flatMap({ UInt32(exactly: $0) }),
                let failures = bytes.next().flatMap({ UInt32(exactly: $0) }),
                let slow = bytes.next().flatMap({ UInt32(exactly: $0) })
            else { return nil }
            add(Counts(calls: calls, failures: failures, slow: slow), toBucket: number)
        }
    }
}
