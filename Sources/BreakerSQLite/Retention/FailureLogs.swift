/// Which rows of the failure logs exist, by breaker, and which log is the longest; kept in memory so that retention
/// counts no rows.
///
/// It runs ahead of the database within a transaction: ``keep()`` follows a commit, ``rollBack()`` a failure.
struct FailureLogs {
    /// The numbers of the rows that exist; no number between them is missing.
    struct Log {
        var oldest: Int64
        var newest: Int64

        var length: Int { Int(newest - oldest) + 1 }
    }

    /// The rows of all logs together.
    private(set) var rows = 0
    private var logs: [Int64: Log] = [:]
    /// The breakers with a log of each length.
    private var breakersByLength: [Set<Int64>] = []
    /// What changed since the last commit, as it was before.
    private var undone: [(breakerID: Int64, log: Log?)] = []

    init() {}

    init(_ logs: [(breakerID: Int64, oldest: Int64, newest: Int64)]) {
        for log in logs { place(Log(oldest: log.oldest, newest: log.newest), of: log.breakerID) }
    }

    subscript(breakerID: Int64) -> Log? { logs[breakerID] }

    var breakerIDs: [Int64] { Array(logs.keys) }

    /// The breaker with the longest log, one of them where several are equally long.
    var longest: (breakerID: Int64, log: Log)? {
        guard let breakerID = breakersByLength.last?.first, let log = logs[breakerID] else { return nil }
        return (breakerID, log)
    }

    // MARK: Changes

    /// The log of a breaker that ever made `newest` rows reaches up to that row.
    mutating func extend(_ breakerID: Int64, to newest: Int64) {
        let log = logs[breakerID]
        guard newest > log?.newest ?? 0 else { return }
        change(breakerID, to: Log(oldest: log?.oldest ?? 1, newest: newest))
    }

    /// Rows before `oldest` are gone.
    mutating func cut(_ breakerID: Int64, before oldest: Int64) {
        guard let log = logs[breakerID], oldest > log.oldest else { return }
        precondition(oldest <= log.newest, "the newest row, \(log.newest), stays; not so if \(oldest) is the oldest")
        change(breakerID, to: Log(oldest: oldest, newest: log.newest))
    }

    mutating func remove(_ breakerID: Int64) {
        if logs[breakerID] != nil { change(breakerID, to: nil) }
    }

    mutating func keep() {
        undone.removeAll(keepingCapacity: true)
    }

    mutating func rollBack() {
        for (breakerID, log) in undone.reversed() { place(log, of: breakerID) }
        undone.removeAll(keepingCapacity: true)
    }

    private mutating func change(_ breakerID: Int64, to log: Log?) {
        undone.append((breakerID, logs[breakerID]))
        place(log, of: breakerID)
    }

    private mutating func place(_ log: Log?, of breakerID: Int64) {
        if let former = logs[breakerID] {
            rows -= former.length
            breakersByLength[former.length].remove(breakerID)
        }
        logs[breakerID] = log
        if let log {
            rows += log.length
            while breakersByLength.count <= log.length { breakersByLength.append([]) }
            breakersByLength[log.length].insert(breakerID)
        }
        // The last is never empty, so that it holds the longest.
        while breakersByLength.last?.isEmpty == true { breakersByLength.removeLast() }
    }
}
