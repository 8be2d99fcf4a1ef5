import BreakerHTTP
import BreakerSQLite
import Logging

/// A file of the server that every user of the machine may read or write.
enum ExposedFile {
    static func check(_ files: ServerTLS.Files, logger: Logger) throws {
        try check(files.key, logger: logger)
        for path in [files.certificate, files.clientCA].compactMap(\.self) {
            try check(path, isSecret: false, logger: logger)
        }
    }

    /// Warns where every user may read a secret file at `path`. Says nothing where there is no file.
    /// - Throws: `StoreError` where every user may write it.
    static func check(_ path: String, isSecret: Bool = true, logger: Logger) throws {
        guard let status = FileStatus(path: path) else { return }
        try status.refuseWritersAmongAll()
        guard isSecret, status.isReadableByAll else { return }
        logger.warning(
            "Every user of this machine may read a file of the server",
            metadata: [
                "path": "\(path)", "remedy": "chmod o-r \(path)",
            ]
        )
    }
}
