import BreakerHTTP
import BreakerSQLite
import Logging

/// Checks for files of the server that are not regular files, or that every user of the machine may read or write.
enum ExposedFile {
    static func check(_ files: ServerTLS.Files, logger: Logger) throws {
        try check(files.key, logger: logger)
        for path in [files.certificate, files.clientCA].compactMap(\.self) {
            try check(path, isSecret: false, logger: logger)
        }
    }

    /// Warns if every user may read the secret file at `path`. Does nothing if the file does not exist.
    /// - Throws: `StoreError` if the file is not a regular file, or if every user may write it.
    static func check(_ path: String, isSecret: Bool = true, logger: Logger) throws {
        guard let status = FileStatus(path: path) else { return }
        try status.requireRegularFile()
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
