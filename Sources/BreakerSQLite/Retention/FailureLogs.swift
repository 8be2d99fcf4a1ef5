/// An index of the failure logs: the row numbers of each breaker's log, and the longest log. It is kept in memory, so
/// that retention need not count rows.
///
/// Within a transaction it is ahead of the database. Call ``keep()`` after a commit, ``rollBack()`` after a failure.
struct FailureLogs {
    /// The row numbers of a log, which has every number from the oldest to the newest.
    struct Log {
        var oldest: Int64
        var newest: Int64

        var length: Int { Int(newest - oldest) + 1 }
    }

    /// The number of rows of all logs together.
    private(set) var rows = 0
    private var logs: [Int64: Log] = [:]
    /// The breakers by the length of their log.
    private var breakersByLength: [Set<Int64>] = []
    /// The previous values of the logs that changed since the last commit.
    private var undone: [(breakerID: Int64, log: Log?)] = []

    init() {}

    init(_ logs: [(breakerID: Int64, oldest: Int64, newest: Int64)]) {
        for log in logs { setLog(Log(oldest: log.oldest, newest: log.newest), of: log.breakerID) }
    }

    subscript(breakerID: Int64) -> Log? { logs[breakerID] }

    var breakerIDs: [Int64] { Array(logs.keys) }

    /// The breaker with the longest log; any of them if several are equally long.
    var longest: (breakerID: Int64, log: Log)? {
        guard let breakerID = breakersByLength.last?.first, let log = logs[breakerID] else { return nil }
        return (breakerID, log)
    }

    // MARK: Changes

    /// Records that a breaker's log has every row up to `newest`.
    mutating func extend(_ breakerID: Int64, to newest: Int64) {
        let log = logs[breakerID]
        guard newest > log?.newest ?? 0 else { return }
        change(breakerID, to: Log(oldest: log?.oldest ?? 1, newest: newest))
    }

    /// Records that the rows before `oldest` are deleted.
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
        for (breakerID, log) in undone.reversed() { setLog(log, of: breakerID) }
        undone.removeAll(keepingCapacity: true)
    }

    private mutating func change(_ breakerID: Int64, to log: Log?) {
        undone.append((breakerID, logs[breakerID]))
        setLog(log, of: breakerID)
    }

    private mutating func setLog(_ log: Log?, of breakerID: Int64) {
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
        // The last set is never empty, so that it contains a longest log.
        while breakersByLength.last?.isEmpty == true { breakersByLength.removeLast() }
    }
}
