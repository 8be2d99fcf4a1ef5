import NIOConcurrencyHelpers
import NIOPosix
import Platform

/// An executor with one OS thread, which the writer and the store's connection never leave.
final class WriterExecutor: SerialExecutor {
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let thread = NIOLockedValueBox<pthread_t?>(nil)

    init() {
        pool.start()
        pool.submit { [thread] _ in thread.withLockedValue { $0 = pthread_self() } }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Runs `body` on the thread, after everything that is enqueued.
    func submit(_ body: @escaping @Sendable () -> Void) {
        pool.submit { _ in body() }
    }

    func checkIsolated() {
        let isOwnThread = thread.withLockedValue { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        precondition(isOwnThread, "the writer's state was touched from another thread")
    }

    /// The thread lives as long as the writer, because a pool that is shut down runs later jobs on the caller's thread.
    deinit {
        pool.shutdownGracefully { _ in }
    }
}
