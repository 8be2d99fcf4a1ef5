package import BreakerStorage

/// Checks a copy of a database before any other code uses it.
package enum DatabaseCheck {
    /// Reads the whole database at `path`, which no process may write meanwhile.
    /// - Throws: ``StoreError/Code/corrupt`` if any part of it is damaged.
    package static func check(_ path: String) throws(StoreError) {
        let path = try FilePath(path).text
        let message = "the copy \(path) is damaged"
        let connection = try translatingErrors(message) { () throws(SQLiteError) in
            try Connection(path: path, access: .readOnly, vfs: nil)
        }
        try check(connection, message: message)
    }

    /// - Parameter message: the error message for a damaged database.
    static func check(_ connection: Connection, message: String) throws(StoreError) {
        let findings = try translatingErrors(message) { () throws(SQLiteError) in
            try connection.texts("PRAGMA integrity_check(3)")
        }
        guard findings == ["ok"] else {
            throw StoreError(.corrupt, message, cause: findings.joined(separator: "; "))
        }
    }
}
