/// The files that SQLite keeps beside a database. It overwrites and deletes them, whatever they contain.
package enum DatabaseParts {
    /// What the names of these files add to the database's name.
    package static let endings = ["-journal", "-wal", "-shm"]
}
