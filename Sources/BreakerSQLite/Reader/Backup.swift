import BreakerStorage

/// A copy of a database while it is in use: one snapshot, written to a file of its own, checked and synced.
///
/// VACUUM INTO reads in one transaction, so that the copy is what one commit left; the writer goes on, and only the WAL
/// grows in the meantime. The copy has no free pages and no WAL of its own.
struct Backup {
    private let source: String
    private let destination: FilePath
    private let vfs: String?
    private let isStopped: () -> Bool

    /// - Parameter isStopped: whether the backup is to be given up.
    init(
        of source: String,
        to path: String,
        vfs: String?,
        unless isStopped: @escaping () -> Bool
    ) throws(StoreError) {
        self.source = source
        self.vfs = vfs
        self.isStopped = isStopped
        destination = try FilePath(path)
    }

    /// - Throws: ``StoreError/Code/unavailable`` where the file exists or cannot be written; then no copy is left.
    func run() throws(StoreError) {
        // Created here, for its mode and so that nothing is overwritten: SQLite takes an empty file as absent.
        guard try destination.create() else {
            throw StoreError(.unavailable, "\(destination.text) exists; choose a name that is free")
        }
        do throws(StoreError) {
            try copy()
            try forgetIdentity()
            try DatabaseCheck.check(destination.text, vfs: vfs, unless: isStopped)
            try destination.synchronize()
        } catch {
            destination.remove()
            throw error
        }
    }

    private func copy() throws(StoreError) {
        try translatingErrors("\(source) cannot be copied to \(destination.text)") { () throws(SQLiteError) in
            let connection = try Connection(path: source, access: .readOnly, vfs: vfs)
            connection.stops(when: isStopped)
            let vacuum = try Statement("VACUUM INTO ?", on: connection)
            vacuum.bind(destination.text)
            try vacuum.run()
        }
    }

    /// The server that the copy is restored to begins another history: what the original stored since is not in it. A copy
    /// signs in no browser either, so the bytes of the key are overwritten.
    private func forgetIdentity() throws(StoreError) {
        try translatingErrors("\(destination.text) cannot be written") { () throws(SQLiteError) in
            let connection = try Connection(path: destination.text, access: .readWrite, vfs: vfs)
            // No journal: a copy that is not finished is removed.
            try connection.execute(
                """
                PRAGMA journal_mode = OFF;
                PRAGMA secure_delete = ON;
                UPDATE server SET epoch = NULL, session_key = NULL;
                DELETE FROM revoked_sessions
                """
            )
        }
    }
}
