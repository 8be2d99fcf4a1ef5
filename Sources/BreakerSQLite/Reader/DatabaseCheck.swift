package import BreakerStorage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What a copy of a database goes through before anybody relies on it.
package enum DatabaseCheck {
    /// Reads the whole file at `path` as a database that nobody writes.
    /// - Throws: ``StoreError/Code/corrupt`` where anything in it is damaged.
    package static func check(_ path: String) throws(StoreError) {
        try check(try FilePath(path).text, vfs: nil, unless: { false })
    }

    /// - Parameters:
    ///   - path: absolute.
    ///   - vfs: the name of SQLite's file layer; `nil` for the default.
    ///   - isStopped: whether the check is to be given up.
    static func check(_ path: String, vfs: String?, unless isStopped: @escaping () -> Bool) throws(StoreError) {
        let message = "the copy \(path) is damaged"
        let findings = try translatingErrors(message) { () throws(SQLiteError) in
            let connection = try Connection(path: path, access: .readOnly, vfs: vfs)
            connection.stops(when: isStopped)
            return try connection.texts("PRAGMA integrity_check(3)")
        }
        guard findings == ["ok"] else {
            throw StoreError(.corrupt, message, cause: findings.joined(separator: "; "))
        }
    }

    /// Gives a file its final name, and makes both survive a power cut. What has the name already is not replaced.
    package static func publish(_ partial: String, as path: String) throws(StoreError) {
        guard link(partial, path) == 0 else {
            throw StoreError(.unavailable, "\(path) cannot be made", cause: lastSystemError())
        }
        unlink(partial)
        try FilePath(path).synchronize()
    }
}
