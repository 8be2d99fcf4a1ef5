package import BreakerStorage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What becomes of a copy of a database once it has arrived elsewhere.
package enum DatabaseCheck {
    /// Reads the whole file at `path` as a database that nobody writes.
    /// - Throws: ``StoreError/Code/corrupt`` where anything in it is damaged.
    package static func check(_ path: String) throws(StoreError) {
        let path = try FilePath(path).text
        let message = "the copy \(path) is damaged"
        let findings = try translatingErrors(message) { () throws(SQLiteError) in
            try Connection(path: path, access: .readOnly, vfs: nil).texts("PRAGMA integrity_check(3)")
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
