import CSQLite

/// A mutual exclusion: SQLite's own, so that this module needs none of the platform's, and ThreadSanitizer sees it.
///
/// Unchecked, for a mutex is what any thread may take; the compiler sees only a pointer.
final class Lock: @unchecked Sendable {
    private let mutex: OpaquePointer

    init() {
        guard let mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST) else {
            preconditionFailure("SQLite is built without threads, or the memory is exhausted")
        }
        self.mutex = mutex
    }

    deinit {
        sqlite3_mutex_free(mutex)
    }

    func withLock<Value>(_ body: () -> Value) -> Value {
        sqlite3_mutex_enter(mutex)
        defer { sqlite3_mutex_leave(mutex) }
        return body()
    }
}
