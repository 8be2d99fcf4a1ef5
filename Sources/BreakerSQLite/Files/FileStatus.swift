package import BreakerStorage
import Platform

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
