import BreakerCore
import BreakerStorage
import CSQLite
import Crypto
import EmbeddedFiles

/// Brings a database to the shape that this program knows, and refuses what it does not know.
///
/// `migrations` records each migration that was applied, with the SHA-256 of its text: one that was changed afterwards
/// would leave two databases of the same name and different shape.
struct Migrator {
    struct Migration {
        var name: String
        var sql: String
        /// In hexadecimal digits.
        var sha256: String

        init(_ file: EmbeddedFiles.File) {
            name = file.name
            sql = String(decoding: file.bytes, as: UTF8.self)
            var hash = SHA256()
            file.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            sha256 = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    /// "Fuse" in ASCII: tells our databases from those of other programs.
    static let applicationID: Int64 = 0x4675_7365

    let migrations: [Migration]
    /// What to do where a file cannot be used. A log that belongs to another database would be read as this one's.
    static func remedy(_ path: String) -> String {
        "put a backup in its place and remove \(path)-wal and \(path)-shm, or choose another path"
    }

    init(_ files: [EmbeddedFiles.File] = EmbeddedFiles.migrations) {
        migrations = files.map(Migration.init)
    }

    /// The migrations that `connection`'s database lacks. Only reads.
    /// - Throws: ``StoreError/Code/incompatible`` where the database is not ours, newer than this program, or of
    ///   another shape.
    func pending(on connection: Connection, _ path: String) throws(StoreError) -> [Migration] {
        let applied = try translatingErrors("\(path) cannot be read as a database", remedy: "; " + Self.remedy(path)) {
            () throws(SQLiteError) in try isOurs(connection) ? self.applied(on: connection) : nil
        }
        guard let applied else {
            throw StoreError(.incompatible, "\(path) is a database of another program; choose another path")
        }
        for (index, record) in applied.enumerated() {
            guard index < migrations.count, migrations[index].name == record.name else {
                throw StoreError(
                    .incompatible,
                    "\(path) has the migration \(record.name), which this version does not know; "
                        + "run the version that made it, or \(Self.remedy(path))"
                )
            }
            guard migrations[index].sha256 == record.sha256 else {
                throw StoreError(
                    .incompatible,
                    "\(path) was made with another text of the migration \(record.name); "
                        + "run the version that made it, or \(Self.remedy(path))"
                )
            }
        }
        return Array(migrations[applied.count...])
    }

    /// Applies each of `migrations` in a transaction of its own, together with its record.
    func apply(_ migrations: [Migration], on connection: Connection, at now: Instant) throws(SQLiteError) {
        for migration in migrations {
            try connection.transaction { () throws(SQLiteError) in
                try connection.execute("PRAGMA application_id = \(Self.applicationID)")
                try connection.execute(Self.recordTable)
                try connection.execute(migration.sql)
                let record = try Statement("INSERT INTO migrations VALUES (?, ?, ?)", on: connection)
                record.bind(migration.name)
                record.bind(migration.sha256)
                record.bind(now)
                try record.run()
            }
        }
    }

    private static let recordTable = """
        CREATE TABLE IF NOT EXISTS migrations (
            name TEXT PRIMARY KEY,
            sha256 TEXT NOT NULL,
            applied_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """

    /// Whether the database is ours, or empty and so may become ours.
    private func isOurs(_ connection: Connection) throws(SQLiteError) -> Bool {
        switch try connection.integer("PRAGMA application_id") {
        case Self.applicationID: true
        case 0: try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
        default: false
        }
    }

    private func applied(on connection: Connection) throws(SQLiteError) -> [(name: String, sha256: String)] {
        guard try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'") == 1 else {
            return []
        }
        var applied: [(name: String, sha256: String)] = []
        try Statement("SELECT name, sha256 FROM migrations ORDER BY name", on: connection).forEachRow {
            applied.append(($0.text(), $0.text()))
        }
        return applied
    }
}
