import CSQLite
import FaultVFS

/// A disk that fails on demand. Each one has its own name, because tests run in parallel.
package final class FaultyDisk: @unchecked Sendable {
    /// The name of the file layer, with which a database on this disk is opened.
    package let name: String
    /// The file layer, whose settings are atomic.
    private let vfs: OpaquePointer

    package init() {
        name = "faulty-\(UInt64.random(in: 0...UInt64.max))"
        guard let vfs = fault_vfs_create(name) else { preconditionFailure("SQLite refuses the file layer \(name)") }
        self.vfs = vfs
    }

    // Every connection that uses the file layer must be closed before.
    deinit {
        fault_vfs_destroy(vfs)
    }

    /// The calls that can fail.
    package enum Call: CaseIterable, Sendable {
        case write, sync, truncate, delete, open, read

        fileprivate var flag: UInt32 {
            switch self {
            case .write: UInt32(fault_on_write)
            case .sync: UInt32(fault_on_sync)
            case .truncate: UInt32(fault_on_truncate)
            case .delete: UInt32(fault_on_delete)
            case .open: UInt32(fault_on_open)
            case .read: UInt32(fault_on_read)
            }
        }
    }

    /// SQLite's result codes `SQLITE_FULL`, `SQLITE_IOERR_READ`, `SQLITE_IOERR_WRITE` and `SQLITE_IOERR_FSYNC`. Swift
    /// does not import the last three, which are macros.
    package static let isFull = SQLITE_FULL
    package static let readFailed = SQLITE_IOERR | 1 << 8
    package static let writeFailed = SQLITE_IOERR | 3 << 8
    package static let syncFailed = SQLITE_IOERR | 4 << 8

    /// - Parameters:
    ///   - nth: The number of the call of `calls` that fails, counted from here; 0 for none, so that calls are only
    ///     counted.
    ///   - code: SQLite's result code.
    ///   - forGood: Whether all later ones fail too, until ``heal()``.
    package func fail(_ nth: Int, of calls: [Call], with code: Int32, forGood: Bool = false) {
        fault_vfs_fail(vfs, calls.reduce(0) { $0 | $1.flag }, nth, code, forGood ? 1 : 0)
    }

    package func heal() { fault_vfs_heal(vfs) }

    /// The number of the chosen calls so far.
    package var count: Int { fault_vfs_count(vfs) }
}
