/// The files that SQLite keeps beside a database. SQLite overwrites and deletes them, whatever they contain.
package enum DatabaseParts {
    /// The suffixes of these files' names.
    package static let endings = ["-journal", "-wal", "-shm"]
}
