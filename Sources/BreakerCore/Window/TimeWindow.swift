/// The calls of the last `window_ms`, in 60 buckets.
///
/// A call at `elapsed` milliseconds into the generation falls into bucket `floor(elapsed × 60 / window_ms)`; the newest
/// 60 buckets count. Memory is allocated only for the buckets from the oldest in use to the newest, because most
/// breakers receive few calls.
struct TimeWindow: Sendable {
    static let bucketCount = 60

    /// A ring: bucket `i` is at `i mod buckets.count`; empty until the first call.
    private var buckets: [Counts] = []
    /// The number of the newest bucket that has been used.
    private var newest: Int64 = 0
    /// No bucket before this one is in use.
    private var oldest: Int64 = 0
    /// The sum of all buckets.
    private var total = Total()

    init() {}

    static func bucket(atElapsedMs elapsedMs: Int64, windowMs: Int64) -> Int64 {
        max(0, elapsedMs) * Int64(bucketCount) / windowMs
    }

    /// Whether the bucket of a call at `elapsedMs` is one of the 60 that count at `nowMs`.
    static func holds(elapsedMs: Int64, atElapsedMs nowMs: Int64, windowMs: Int64) -> Bool {
        bucket(atElapsedMs: nowMs, windowMs: windowMs) - bucket(atElapsedMs: elapsedMs, windowMs: windowMs)
            < Int64(bucketCount)
    }

    /// Adds `calls` to `bucket`, or to the oldest of the newest 60 buckets if that is later.
    mutating func add(_ calls: Counts, toBucket bucket: Int64) {
        if bucket > newest || buckets.isEmpty { begin(bucket) }
        let bucket = max(bucket, newest - Int64(Self.bucketCount) + 1)
        if bucket < oldest {
            makeRoom(from: bucket, upToBucket: newest)
            oldest = bucket
        }
        let index = index(of: bucket)
        total.subtract(buckets[index])
        buckets[index] += calls
        total.add(buckets[index])
    }

    /// The sum of the 60 buckets up to the newest bucket that has been used.
    var newestCounts: Counts { total.counts }

    /// The sum of the 60 buckets up to `bucket`.
    func counts(upToBucket bucket: Int64) -> Counts {
        if bucket <= newest { return total.counts }
        var sum = Counts.zero
        forEachBucket { number, counts in
            if number > bucket - Int64(Self.bucketCount) { sum += counts }
        }
        return sum
    }

    /// Makes the empty `bucket` the newest, and discards the buckets that are then not among the newest 60.
    private mutating func begin(_ bucket: Int64) {
        let first = bucket - Int64(Self.bucketCount) + 1
        if buckets.isEmpty || newest < first {
            (buckets, total, oldest) = ([.zero], Total(), bucket)
        } else {
            while oldest < first {
                total.subtract(buckets[index(of: oldest)])
                buckets[index(of: oldest)] = .zero
                oldest += 1
            }
            makeRoom(from: oldest, upToBucket: bucket)
        }
        newest = bucket
    }

    /// Grows the ring if it is too small, at least to twice its size, so that it seldom has to grow.
    private mutating func makeRoom(from first: Int64, upToBucket last: Int64) {
        let needed = Int(last - first) + 1
        guard needed > buckets.count else { return }
        let size = min(max(needed, 2 * buckets.count), Self.bucketCount)
        var ring = Array(repeating: Counts.zero, count: size)
        forEachBucket { number, counts in ring[Int(number % Int64(size))] = counts }
        buckets = ring
    }

    private func forEachBucket(_ body: (Int64, Counts) -> Void) {
        guard !buckets.isEmpty else { return }
        for number in oldest...newest { body(number, buckets[index(of: number)]) }
    }

    private func index(of bucket: Int64) -> Int { Int(bucket % Int64(buckets.count)) }
}

extension TimeWindow {
    /// The sum of buckets. It is exact even if a bucket's count is saturated, so that a bucket can be subtracted again.
    private struct Total: Sendable {
        private var calls: UInt64 = 0
        private var failures: UInt64 = 0
        private var slow: UInt64 = 0

        mutating func add(_ counts: Counts) {
            calls += UInt64(counts.calls)
            failures += UInt64(counts.failures)
            slow += UInt64(counts.slow)
        }

        mutating func subtract(_ counts: Counts) {
            calls -= UInt64(counts.calls)
            failures -= UInt64(counts.failures)
            slow -= UInt64(counts.slow)
        }

        var counts: Counts {
            Counts(
                calls: UInt32(clamping: calls),
                failures: UInt32(clamping: failures),
                slow: UInt32(clamping: slow)
            )
        }
    }
}

extension TimeWindow: Hashable {
    /// Compares the buckets in use only: the size of the ring does not matter.
    static func == (left: TimeWindow, right: TimeWindow) -> Bool { left.inUse == right.inUse }

    func hash(into hasher: inout Hasher) { hasher.combine(inUse) }

    private struct Bucket: Hashable {
        var number: Int64
        var counts: Counts
    }

    private var inUse: [Bucket] {
        var inUse: [Bucket] = []
        forEachBucket { number, counts in
            if counts != .zero { inUse.append(Bucket(number: number, counts: counts)) }
        }
        return inUse
    }
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

    /// - Returns: `nil` if the bytes are not in the format of ``write(to:)``.
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
