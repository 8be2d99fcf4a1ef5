import BreakerStorage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The path of a file that may not exist yet, below a folder that does.
struct FilePath {
    let folder: String
    let name: String

    var text: String { folder == "/" ? "/\(name)" : "\(folder)/\(name)" }

    /// - Parameter folder: absolute and without links.
    init(folder: String, name: String) {
        self.folder = folder
        self.name = name
    }

    /// Follows links, so that one file has one path, and one lock, by whatever name it is opened.
    init(_ path: String) throws(StoreError) {
        var path = path
        // A link that leads nowhere yet keeps its name.
        if let resolved = resolve(path) { path = resolved }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != "..", !isFolder(path) else {
            throw StoreError(.unavailable, "'\(path)' names no file; choose the path of one")
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

    /// What to do where the system cannot make a file in the folder.
    /// - Parameter error: what `errno` was.
    func remedy(for error: CInt) -> String {
        switch error {
        case ENOSPC, EDQUOT: "make room on the disk of \(folder), for bytes and for files"
        case EROFS: "mount the file system of \(folder) for writing, or choose another path"
        default: "make the folder \(folder) writable for this user"
        }
    }

    /// Removes the file's name. Open descriptors stay valid.
    func remove() throws(StoreError) {
        guard unlink(text) == 0 else {
            throw StoreError(.unavailable, "\(text) cannot be removed", cause: lastSystemError())
        }
    }
}

/// The length of a file in bytes; `nil` where there is none.
func length(ofFile path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// What the system said of the last call that failed, in words.
func lastSystemError() -> String {
    String(cString: strerror(errno))
}

/// The path without links, `.` and `..`; `nil` where there is nothing at `path`.
private func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
