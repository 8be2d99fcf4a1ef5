import CSpawn
import Foundation
import NIOConcurrencyHelpers

/// A program in a process of its own, which leads a process group. While it runs, the group is killed with the last
/// reference.
///
/// It inherits nothing that is open, and no signal that is ignored or blocked. Foundation's `Process` reads past the end
/// of a buffer where some thousand descriptors are open, as they are while these tests run, and may crash there
/// (swift-corelibs-foundation, pull request 5472).
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
    ///   - path: the program's file.
    ///   - environment: all of it.
    ///   - input: the descriptor that it reads from; nothing comes where it is `nil`.
    ///   - output: the one that it writes to; what it writes is lost where it is `nil`.
    ///   - errors: the same for its standard error.
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

    /// `nil` while it runs.
    package var end: End? { knownEnd.withLockedValue(look) }

    /// Waits, and keeps the thread for so long.
    package func waitUntilEnd() -> End {
        var ignored = siginfo_t()
        while true {
            if let end { return end }
            // Its number stays its own until the end is looked at.
            waitid(P_PID, id_t(pid), &ignored, WEXITED | WNOWAIT)
        }
    }

    /// Signals it, or its group, unless it has ended: its number may be another's then.
    package func signal(_ signal: Int32, toGroup: Bool = false) {
        knownEnd.withLockedValue { end in
            if look(&end) == nil { kill(toGroup ? -pid : pid, signal) }
        }
    }

    private func look(_ end: inout End?) -> End? {
        guard end == nil else { return end }
        var status: Int32 = 0
        let found = waitpid(pid, &status, WNOHANG)
        precondition(found >= 0 || errno == EINTR, "somebody else waited for process \(pid)")
        if found == pid {
            let signal = status & 0x7f
            end = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal)
        }
        return end
    }
}
