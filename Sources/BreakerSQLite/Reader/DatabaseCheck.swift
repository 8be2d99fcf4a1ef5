package import BreakerStorage

/// What a copy of a database goes through before anything relies on it.
package enum DatabaseCheck {
    /// Reads the whole file at `path` as a database that no process writes.
    /// - Throws: ``StoreError/Code/corrupt`` where anything in it is damaged.
    package static func check(_ path: String) throws(StoreError) {
        let path = try FilePath(path).text
        let message = "the copy \(path) is damaged"
        let connection = try translatingErrors(message) { () throws(SQLiteError) in
            try Connection(path: path, access: .readOnly, vfs: nil)
        }
        try check(connection, message: message)
    }

    /// - Parameter message: what is said of a damaged one.
    static func check(_ connection: Connection, message: String) throws(StoreError) {
        let findings = try translatingErrors(message) { () throws(SQLiteError) in
            try connection.texts("PRAGMA integrity_check(3)")
        }
        guard findings == ["ok"] else {
            throw StoreError(.corrupt, message, cause: findings.joined(separator: "; "))
        }
    }
}
