/// When the WAL is moved into the database.
///
/// A checkpoint that readers do not hinder lets the next commit begin the WAL anew, so that the file keeps its length.
/// A reader that does hinder it, a backup say, lets the WAL grow; once it is many times as long as it should be, a
/// checkpoint waits for readers, a tenth of a second at most.
struct CheckpointSchedule {
    /// 4 000 pages of 4 KiB are 16 MiB. A page that is written often is moved once for all the commits between two
    /// checkpoints, so a longer WAL is less work, until it no longer fits the caches and takes long to read at start.
    static let interval = 4_000
    static let longest = 16 * interval

    /// The length at which the next checkpoint is due.
    private var next = interval
    private var walPages = 0

    mutating func committed(walPages: Int) {
        // Shorter than before: it began anew.
        if walPages < self.walPages { next = Self.interval }
        self.walPages = walPages
    }

    var due: Connection.Checkpoint? {
        guard walPages >= next else { return nil }
        return walPages >= Self.longest ? .truncate : .passive
    }

    /// - Parameter walPages: the WAL's length behind the attempt, whether it succeeded or not.
    mutating func attempted(walPages: Int) {
        self.walPages = walPages
        next = walPages + Self.interval
    }
}
