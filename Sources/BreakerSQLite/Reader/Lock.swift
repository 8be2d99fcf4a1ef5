import CSQLite

/// A mutex of SQLite, so that this module does not depend on a platform's mutex, and ThreadSanitizer sees it.
///
/// Any thread may use a mutex. The conformance is unchecked, because the compiler sees only a pointer.
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
