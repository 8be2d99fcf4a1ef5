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
            try check()
            try destination.synchronize()
        } catch {
            destination.remove()
            throw error
        }
    }

    private func copy() throws(StoreError) {
        try translatingErrors("\(source) cannot be copied to \(destination.text)") { () throws(SQLiteError) in
            let connection = try open(source)
            let vacuum = try Statement("VACUUM INTO ?", on: connection)
            vacuum.bind(destination.text)
            try vacuum.run()
        }
    }

    private func open(_ path: String) throws(SQLiteError) -> Connection {
        let connection = try Connection(path: path, access: .readOnly, vfs: vfs)
        connection.stops(when: isStopped)
        return connection
    }

    private func check() throws(StoreError) {
        let findings = try translatingErrors("the copy \(destination.text) is damaged") { () throws(SQLiteError) in
            try open(destination.text).texts("PRAGMA integrity_check(3)")
        }
        guard findings == ["ok"] else {
            let cause = findings.joined(separator: "; ")
            throw StoreError(.corrupt, "the copy \(destination.text) is damaged", cause: cause)
        }
    }
}
