/// The files that SQLite keeps beside a database. SQLite overwrites and deletes them, whatever they contain.
package enum DatabaseParts {
    /// The suffixes of these files' names.
    package static let endings = ["-journal", log, "-shm"]
    /// The suffix of the write-ahead log's name.
    static let log = "-wal"
}
