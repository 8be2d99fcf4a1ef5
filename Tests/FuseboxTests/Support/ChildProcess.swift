import EngineSupport
import Foundation
import NIOConcurrencyHelpers
import TestSupport

/// A process that a test started. It ends with the test, or at its time limit, whatever becomes of the test.
final class ChildProcess: Sendable {
    private let process: NIOLockedValueBox<Process>
    private let folder: TemporaryFolder
    let pid: Int32

    /// - Parameters:
    ///   - environment: laid over that of the tests, in which no setting of Fusebox stands.
    ///   - terminal: its standard output; a file where there is none.
    ///   - errorTerminal: its standard error, likewise.
    ///   - limit: seconds after which the process is killed.
    init(
        _ program: Program,
        _ arguments: [String],
        environment: [String: String] = [:],
        currentFolder: String? = nil,
        terminal: Terminal? = nil,
        errorTerminal: Terminal? = nil,
        limit: Double = 60
    ) throws {
        folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program.path)
        process.arguments = program.arguments + arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("FUSEBOX_") }
            .merging(environment) { _, own in own }
        if let currentFolder { process.currentDirectoryURL = URL(fileURLWithPath: currentFolder) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try terminal?.end ?? Self.emptyFile(folder.path("stdout"))
        process.standardError = try errorTerminal?.end ?? Self.emptyFile(folder.path("stderr"))
        try process.run()
        pid = process.processIdentifier
        self.process = NIOLockedValueBox(process)
        DispatchQueue.global().asyncAfter(deadline: .now() + limit) { [weak self] in self?.kill() }
    }

    deinit { kill() }

    var isRunning: Bool { process.withLockedValue { $0.isRunning } }

    /// The exit code; `nil` while it runs, and where a signal ended it.
    var exitCode: Int32? {
        process.withLockedValue { process in
            guard !process.isRunning, process.terminationReason == .exit else { return nil }
            return process.terminationStatus
        }
    }

    /// The signal that ended it, if one did.
    var endingSignal: Int32? {
        process.withLockedValue { process in
            guard !process.isRunning, process.terminationReason == .uncaughtSignal else { return nil }
            return process.terminationStatus
        }
    }

    var standardOutput: String { text("stdout") }
    var standardError: String { text("stderr") }

    func signal(_ signal: Int32) {
        // Not its number alone: a process that has ended may have left it to another.
        process.withLockedValue { if $0.isRunning { Foundation.kill(pid, signal) } }
    }

    /// Kills it and all that it started: it leads a process group of its own.
    func kill() {
        process.withLockedValue { if $0.isRunning { Foundation.kill(getpgid(pid) == pid ? -pid : pid, SIGKILL) } }
    }

    /// - Throws: where it runs on for longer than `seconds`.
    func waitUntilEnd(within seconds: Double = 30) async throws {
        try await eventually("process \(pid) ends", within: seconds) { !isRunning }
    }

    private func text(_ name: String) -> String {
        (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
    }

    private static func emptyFile(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }
}

/// What a program left that ran to its end.
struct CommandResult: Sendable {
    var code: Int32?
    var output: String
    var errors: String
}

extension Program {
    /// Runs the program to its end.
    func run(
        _ arguments: String...,
        environment: [String: String] = [:],
        currentFolder: String? = nil,
        within seconds: Double = 30
    ) async throws -> CommandResult {
        try await run(arguments, environment: environment, currentFolder: currentFolder, within: seconds)
    }

    func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        currentFolder: String? = nil,
        within seconds: Double = 30
    ) async throws -> CommandResult {
        let child = try ChildProcess(
            self,
            arguments,
            environment: environment,
            currentFolder: currentFolder,
            limit: seconds
        )
        try await child.waitUntilEnd(within: seconds + 5)
        return CommandResult(code: child.exitCode, output: child.standardOutput, errors: child.standardError)
    }
}
