package import BreakerStorage
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

/// The status of a file on which a server relies, with checks of whether the file is safe to use.
package struct FileStatus {
    private let path: String
    private let status: stat

    /// The status of the file at `path`, following links; `nil` if there is none.
    package init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(path, status)
    }

    /// The status of the file or the link at `path`; `nil` if there is none.
    package init?(withoutFollowingLinks path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(path, status)
    }

    /// The status of an open file.
    ///
    /// - Parameter path: the path at which the file was opened, for error messages.
    init(of file: OpenFile, at path: String) {
        var status = stat()
        precondition(fstat(file.descriptor, &status) == 0, "descriptor \(file.descriptor) is not open")
        self.init(path, status)
    }

    private init(_ path: String, _ status: stat) {
        self.path = path
        self.status = status
    }

    /// Whether every user of the machine may read the file.
    package var isReadableByAll: Bool { isRegular && status.st_mode & S_IROTH != 0 }

    /// The permission bits of the file's mode.
    package var permissions: UInt32 { UInt32(status.st_mode & 0o7777) }

    package var owner: UInt32 { UInt32(status.st_uid) }
    package var group: UInt32 { UInt32(status.st_gid) }

    /// In bytes.
    package var length: Int64 { Int64(status.st_size) }

    /// Whether both are of one file, whatever its names.
    package func isSameFile(as other: FileStatus) -> Bool {
        (status.st_dev, status.st_ino) == (other.status.st_dev, other.status.st_ino)
    }

    private var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }

    /// - Throws: ``StoreError/Code/unavailable`` if the file is not a regular file. Reading a pipe or a device could
    ///   take for ever.
    package func requireRegularFile() throws(StoreError) {
        guard !isRegular else { return }
        throw StoreError(.unavailable, "\(path) is not a regular file; choose another path")
    }

    /// - Throws: ``StoreError/Code/unavailable`` if every user of the machine may write the file.
    package func refuseWritersAmongAll() throws(StoreError) {
        guard isRegular, status.st_mode & S_IWOTH != 0 else { return }
        throw StoreError(
            .unavailable,
            "every user of this machine can write to \(path); check its contents, then run: chmod o-w \(path)"
        )
    }

    /// - Throws: ``StoreError/Code/unavailable`` if the file is not a regular file, has a second name, or every user of
    ///   the machine may write it.
    func refuseSharing() throws(StoreError) {
        guard isRegular else {
            throw StoreError(.unavailable, "\(path) is not a regular file; remove it, or choose another path")
        }
        guard status.st_nlink <= 1 else {
            throw StoreError(
                .unavailable,
                """
                \(path) is one of \(status.st_nlink) names (hard links) of one file, so another server could open it \
                by another name; remove the other names (to find them: find DIRECTORY -samefile \(path))
                """
            )
        }
        try refuseWritersAmongAll()
    }
}
