import BreakerStorage
import Platform

/// The path of a file in an existing folder. The file need not exist yet.
struct FilePath {
    let folder: String
    let name: String

    var text: String { folder == "/" ? "/\(name)" : "\(folder)/\(name)" }

    /// - Parameter folder: an absolute path with links resolved.
    init(folder: String, name: String) {
        self.folder = folder
        self.name = name
    }

    /// Resolves links, so that a file has one path and one lock, whatever link it is opened by.
    init(_ path: String) throws(StoreError) {
        var path = path
        // A dangling link is not resolved, and keeps its name.
        if let resolved = resolve(path) { path = resolved }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != "..", !isFolder(path) else {
            throw StoreError(.unavailable, "'\(path)' is not the path of a file; choose another path")
        }
        if let ending = DatabaseParts.endings.first(where: name.hasSuffix) {
            throw StoreError(
                .unavailable,
                "\(path) ends with \(ending), which SQLite uses for parts of a database; choose another path"
            )
        }
        guard let resolvedFolder = resolve(folder) else {
            throw StoreError(
                .unavailable,
                "the folder \(folder) cannot be used; create it, or choose another path",
                cause: lastSystemError()
            )
        }
        self.folder = resolvedFolder
        self.name = name
    }

    /// Creates an empty file that only its owner may read and write.
    /// - Returns: `nil` if the name is taken, even by a dangling link.
    func create() throws(StoreError) -> OpenFile? {
        let descriptor = open(text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let reason = errno
        if descriptor < 0, reason == EEXIST { return nil }
        guard descriptor >= 0 else {
            throw StoreError(
                .unavailable,
                "\(text) cannot be created; \(remedy(for: reason))",
                cause: String(cString: strerror(reason))
            )
        }
        return OpenFile(descriptor: descriptor)
    }

    /// The remedy for the operator if the system cannot create a file in the folder.
    /// - Parameter error: the value of `errno`.
    func remedy(for error: CInt) -> String {
        switch error {
        case ENOSPC, EDQUOT: "the disk of \(folder) has no space or no inodes left; delete files on it"
        case EROFS: "mount the file system of \(folder) read-write, or choose another path"
        default: "make the folder \(folder) writable for this user"
        }
    }

    /// Removes the file's name. Open descriptors remain valid.
    func remove() throws(StoreError) {
        guard unlink(text) == 0 else {
            throw StoreError(.unavailable, "\(text) cannot be removed", cause: lastSystemError())
        }
    }
}

/// The length of a file in bytes; `nil` if there is no file.
func length(ofFile path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The system's message for the last call that failed.
func lastSystemError() -> String {
    String(cString: strerror(errno))
}

/// The absolute path, with links, `.` and `..` resolved; `nil` if `path` does not exist.
private func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// The files that SQLite keeps beside a database. SQLite overwrites and deletes them, whatever they contain.
package enum DatabaseParts {
    /// The suffixes of these files' names.
    package static let endings = ["-journal", log, "-shm"]
    /// The suffix of the write-ahead log's name.
    static let log = "-wal"
}
