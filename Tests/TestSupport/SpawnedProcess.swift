import CSpawn
import Foundation
import NIOConcurrencyHelpers

/// A program in its own process, which leads a process group. If it still runs when the last reference is released, the
/// group is killed.
///
/// The process inherits no other open descriptor, and no ignored or blocked signal. Tests do not use Foundation's
/// `Process`: it reads past the end of a buffer, and may crash, if about a thousand descriptors are open, as they are
/// while these tests run (swift-corelibs-foundation, pull request 5472).
package final class SpawnedProcess: Sendable {
    package enum End: Hashable, Sendable {
        /// The exit code.
        case exited(Int32)
        /// The signal.
        case killed(Int32)
    }

    package struct NotStarted: Error {
        package var path: String
        /// An `errno`.
        package var code: Int32
    }

    package let pid: Int32
    private let knownEnd = NIOLockedValueBox<End?>(nil)

    /// - Parameters:
    ///   - path: The program's file.
    ///   - environment: The whole environment of the process.
    ///   - input: The descriptor of its standard input; `nil` for `/dev/null`.
    ///   - output: The descriptor of its standard output; `nil` for `/dev/null`.
    ///   - errors: The descriptor of its standard error; `nil` for `/dev/null`.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        currentFolder: String? = nil,
        input: Int32? = nil,
        output: Int32? = nil,
        errors: Int32? = nil
    ) throws(NotStarted) {
        func need(_ code: Int32) throws(NotStarted) {
            guard code == 0 else { throw NotStarted(path: path, code: code) }
        }
        var actions = posix_spawn_file_actions_t()
        try need(posix_spawn_file_actions_init(&actions))
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, target) in [(input, STDIN_FILENO), (output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
            if let descriptor {
                try need(posix_spawn_file_actions_adddup2(&actions, descriptor, target))
            } else {
                try need(posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0))
            }
        }
        try need(spawn_actions_close_from(&actions, STDERR_FILENO + 1))
        if let currentFolder { try need(spawn_actions_change_folder(&actions, currentFolder)) }

        var attributes = posix_spawnattr_t()
        try need(posix_spawnattr_init(&attributes))
        defer { posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        try need(posix_spawnattr_setsigdefault(&attributes, &all))
        try need(posix_spawnattr_setsigmask(&attributes, &none))
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        try need(posix_spawnattr_setflags(&attributes, Int16(flags)))

        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var settings = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var pid = pid_t()
        try need(posix_spawn(&pid, path, &actions, &attributes, &words, &settings))
        self.pid = pid
    }

    deinit {
        signal(SIGKILL, toGroup: true)
        _ = waitUntilEnd()
    }

    /// How the process ended; `nil` while it runs.
    package var end: End? { knownEnd.withLockedValue(look) }

    /// Waits for the end and blocks the thread meanwhile.
    package func waitUntilEnd() -> End {
        var ignored = siginfo_t()
        while true {
            if let end { return end }
            // WNOWAIT leaves the process unreaped, so that its id is not reused before `end` reaps it.
            waitid(P_PID, id_t(pid), &ignored, WEXITED | WNOWAIT)
        }
    }

    /// Signals the process or its group, unless it has ended: then its id may belong to another process.
    package func signal(_ signal: Int32, toGroup: Bool = false) {
        knownEnd.withLockedValue { end in
            if look(&end) == nil { kill(toGroup ? -pid : pid, signal) }
        }
    }

    private func look(_ end: inout End?) -> End? {
        guard end == nil else { return end }
        var status: Int32 = 0
        let found = waitpid(pid, &status, WNOHANG)
        precondition(found >= 0 || errno == EINTR, "another caller reaped process \(pid)")
        if found == pid {
            let signal = status & 0x7f
            end = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal)
        }
        return end
    }
}
