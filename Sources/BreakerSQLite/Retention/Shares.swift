/// An index of a table's rows by client, ordered by row number. It is kept in memory, so that the oldest rows of the
/// client with the most rows are found without a search in the table.
///
/// Within a transaction it is ahead of the database. Call ``keep()`` after a commit, ``rollBack()`` after a failure.
struct Shares {
    enum Holder: Hashable {
        case token(String)
        /// A group of addresses: without tokens, clients are identified by address. The number of addresses is
        /// unlimited, so several share a group.
        case addresses(Int)

        /// - Parameter client: the client, as `Author.client`; empty for rows of an unknown client.
        init(_ client: String) {
            self = client.hasPrefix("@") ? .addresses(client.hashValue & Self.lastGroup) : .token(client)
        }

        /// The token's name; `nil` for addresses and for rows of an unknown client.
        var token: String? { if case .token(let name) = self, !name.isEmpty { name } else { nil } }

        /// 1 024 groups of addresses.
        private static let lastGroup = 0x3ff
    }

    /// The number of rows of all holders together.
    private(set) var rows = 0
    /// The highest row number so far; `nil` if there was no row.
    private(set) var newest: Int64?
    private var shares: [Holder: Share] = [:]
    /// The holders whose shares changed since the last commit.
    private var touched: [Holder] = []
    /// The holder whose row was added last; `nil` if that row may be gone.
    private var newestHolder: Holder?

    /// The largest share; of several of the same size, the share with the oldest row.
    ///
    /// - Returns: the holder, the number of its rows, and a range of row numbers that contains its oldest row and no
    ///   row of another holder.
    var largest: (holder: Holder, rows: Int, oldest: ClosedRange<Int64>)? {
        var largest: (holder: Holder, rows: Int, oldest: ClosedRange<Int64>)?
        for (holder, share) in shares {
            guard let oldest = share.oldest, share.rows > 0 else { continue }
            let isLarger = largest.map { ($0.rows, oldest.lowerBound) < (share.rows, $0.oldest.lowerBound) } ?? true
            if isLarger { largest = (holder, share.rows, oldest) }
        }
        return largest
    }

    // MARK: Changes

    /// Records that a row was added.
    /// - Parameter number: the row's number, higher than that of every existing row.
    mutating func add(_ number: Int64, of holder: Holder) {
        if let newest, newestHolder != nil {
            precondition(number > newest, "row \(number) is added after row \(newest)")
        }
        let extendsRun = newestHolder == holder
        change(holder) { $0.add(number, extendsRun: extendsRun) }
        rows += 1
        newest = max(newest ?? number, number)
        newestHolder = holder
    }

    /// Records that rows were deleted.
    /// - Parameter number: the number up to which all of the holder's rows are deleted; `nil` if it is unknown.
    mutating func remove(_ count: Int, of holder: Holder, upTo number: Int64? = nil) {
        change(holder) { $0.remove(count, upTo: number) }
        rows -= count
    }

    mutating func keep() {
        for holder in touched {
            shares[holder]?.keep()
            if shares[holder]?.rows == 0 { shares[holder] = nil }
        }
        touched.removeAll(keepingCapacity: true)
    }

    mutating func rollBack() {
        for holder in touched {
            rows -= shares[holder]?.rows ?? 0
            shares[holder]?.rollBack()
            rows += shares[holder]?.rows ?? 0
        }
        keep()
        newestHolder = nil
    }

    private mutating func change(_ holder: Holder, _ body: (inout Share) -> Void) {
        var isFirst = false
        {
            isFirst = $0.begin()
            body(&$0)
        }(&shares[holder, default: Share()])
        if isFirst { touched.append(holder) }
    }
}

/// The rows of one holder.
private struct Share {
    private(set) var rows = 0
    /// Ordered runs of row numbers; numbers within a run may be missing. The runs before the index `head` are deleted.
    private var runs: [ClosedRange<Int64>] = []
    private var head = 0
    /// The rows up to this number are deleted.
    private var goneUpTo = Int64.min
    private var mark: Mark?

    /// The state to which a rollback returns. Of the earlier runs, a transaction changes only the end of the last one.
    private struct Mark {
        var rows: Int
        var runCount: Int
        var lastRun: ClosedRange<Int64>?
        var head: Int
        var goneUpTo: Int64
    }

    var oldest: ClosedRange<Int64>? {
        guard head < runs.count else { return nil }
        return max(runs[head].lowerBound, goneUpTo &+ 1)...runs[head].upperBound
    }

    mutating func add(_ number: Int64, extendsRun: Bool) {
        rows += 1
        if extendsRun, head < runs.count {
            runs[runs.count - 1] = runs[runs.count - 1].lowerBound...number
        } else {
            runs.append(number...number)
        }
    }

    mutating func remove(_ count: Int, upTo number: Int64?) {
        rows -= count
        precondition(rows >= 0, "\(count) rows are removed from a share of \(rows + count)")
        guard let number, number > goneUpTo else { return }
        goneUpTo = number
        while head < runs.count, runs[head].upperBound <= number { head += 1 }
    }

    // MARK: Transactions

    /// - Returns: whether this is the share's first change since the last commit.
    mutating func begin() -> Bool {
        guard mark == nil else { return false }
        mark = Mark(rows: rows, runCount: runs.count, lastRun: runs.last, head: head, goneUpTo: goneUpTo)
        return true
    }

    mutating func keep() {
        mark = nil
        guard head > Self.keptRuns, head > runs.count / 2 else { return }
        runs.removeFirst(head)
        head = 0
    }

    mutating func rollBack() {
        guard let mark else { return }
        runs.removeLast(runs.count - mark.runCount)
        if let lastRun = mark.lastRun { runs[mark.runCount - 1] = lastRun }
        (rows, head, goneUpTo) = (mark.rows, mark.head, mark.goneUpTo)
        self.mark = nil
    }

    /// How many deleted runs are kept before the array is compacted, so that the others are seldom moved.
    private static let keptRuns = 64
}
