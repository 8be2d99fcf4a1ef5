import BreakerCore
import BreakerStorage
import CSQLite
import Crypto
import EmbeddedFiles

/// Migrates a database to the schema of this program, and refuses a database with an unknown schema.
///
/// The table `migrations` records each applied migration with the SHA-256 of its text. The hash detects a migration
/// that was changed afterwards: databases with the same migrations could otherwise have different schemas.
struct Migrator {
    struct Migration {
        var name: String
        var sql: String
        /// The SHA-256 of the file, in hexadecimal digits.
        var sha256: String

        init(_ file: EmbeddedFiles.File) {
            name = file.name
            sql = String(decoding: file.bytes, as: UTF8.self)
            var hash = SHA256()
            file.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            sha256 = hash.finalize().hexadecimal
        }
    }

    /// "Fuse" in ASCII. It distinguishes databases of Fusebox from those of other programs.
    static let applicationID: Int64 = 0x4675_7365

    let migrations: [Migration]
    /// The operator's remedy for a file that cannot be used. It removes the WAL too, because SQLite would otherwise
    /// read the WAL of one database as that of another.
    static func remedy(_ path: String) -> String {
        "replace it with a backup and remove \(path)-wal and \(path)-shm, or choose another path"
    }

    init(_ files: [EmbeddedFiles.File] = EmbeddedFiles.migrations) {
        migrations = files.map(Migration.init)
    }

    /// The migrations that `connection`'s database lacks. Writes nothing.
    /// - Parameter remedy: what the operator can do if the file cannot be used; by default ``remedy(_:)``.
    /// - Throws: ``StoreError/Code/incompatible`` if the database belongs to another program, is newer than this
    ///   program, or has another schema.
    func pending(
        on connection: Connection,
        _ path: String,
        remedy: String? = nil
    ) throws(StoreError) -> [Migration] {
        let remedy = remedy ?? Self.remedy(path)
        let applied = try translatingErrors("\(path) cannot be read as a database", remedy: "; " + remedy) {
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
                        + "run the version that created it, or \(remedy)"
                )
            }
            guard migrations[index].sha256 == record.sha256 else {
                throw StoreError(
                    .incompatible,
                    "\(path) was created with a different text of the migration \(record.name); "
                        + "run the version that created it, or \(remedy)"
                )
            }
        }
        return Array(migrations[applied.count...])
    }

    /// Applies each of `migrations`, and records it, in a transaction of its own.
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

    /// Whether Fusebox created the database, or the database is empty.
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
