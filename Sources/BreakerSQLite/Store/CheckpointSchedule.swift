/// Decides when a checkpoint moves the WAL into the database.
///
/// After a complete checkpoint, the next commit restarts the WAL from the beginning, so that the file does not grow. A
/// long read, such as a backup, can keep a checkpoint incomplete, and the WAL grows. Once the WAL has ``longest``
/// pages, a checkpoint waits for readers, for at most a tenth of a second.
struct CheckpointSchedule {
    /// Pages between two checkpoints: 1 000 pages of 4 KiB are 4 MiB. A checkpoint moves a page only once, however
    /// often it was written since the last checkpoint, so a longer WAL is less work. But reports wait during a
    /// checkpoint: a few milliseconds for this length if all pages differ, and proportionally longer for a longer WAL.
    static let interval = 1_000
    /// The length in pages from which a checkpoint waits for readers: 256 MiB.
    static let longest = 64 * interval

    /// The length in pages at which the next checkpoint is due.
    private var next = interval
    private var walPages = 0

    mutating func committed(walPages: Int) {
        // A shorter WAL means that it has restarted from the beginning.
        if walPages < self.walPages { next = Self.interval }
        self.walPages = walPages
    }

    var due: Connection.Checkpoint? {
        guard walPages >= next else { return nil }
        return walPages >= Self.longest ? .truncate : .passive
    }

    /// - Parameter walPages: the length of the WAL after the checkpoint, whether it succeeded or not.
    mutating func attempted(walPages: Int) {
        self.walPages = walPages
        next = walPages + Self.interval
    }
}
