import BreakerSQLite
import Logging

/// A file of the server that every user of the machine may read or write.
enum ExposedFile {
    /// Warns where every user may read the file at `path`. Nothing is said where there is none.
    /// - Throws: `StoreError` where every user may write it.
    static func check(_ path: String, logger: Logger) throws {
        guard let status = FileStatus(path: path) else { return }
        try status.refuseWritersAmongAll()
        guard status.isReadableByAll else { return }
        logger.warning(
            "Every user of this machine may read a file of the server",
            metadata: [
                "path": "\(path)", "remedy": "chmod o-r \(path)",
            ]
        )
    }
}
