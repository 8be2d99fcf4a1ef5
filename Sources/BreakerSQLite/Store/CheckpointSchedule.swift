/// When the WAL is moved into the database.
///
/// A checkpoint that readers do not hinder lets the next commit begin the WAL anew, so that the file keeps its length.
/// A reader that does hinder it, a backup say, lets the WAL grow; once it is many times as long as it should be, a
/// checkpoint waits for readers, a tenth of a second at most.
struct CheckpointSchedule {
    /// 1 000 pages of 4 KiB are 4 MiB. A page that is written often is moved once for all the commits between two
    /// checkpoints, so a longer WAL is less work, but what is reported meanwhile waits: a few milliseconds for as much as
    /// this where every page is another, and four times as long for four times as much.
    static let interval = 1_000
    /// 256 MiB.
    static let longest = 64 * interval

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
