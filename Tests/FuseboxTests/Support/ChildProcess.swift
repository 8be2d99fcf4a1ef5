import EngineSupport
import Foundation
import TestSupport
import Testing

/// A process that a test starts, with its output. It ends with the test or at its time limit, whichever way the test
/// ends.
final class ChildProcess: Sendable {
    private let process: SpawnedProcess
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - environment: variables that are added to those of the tests, from which all settings of Fusebox are removed.
    ///   - input: the text of its standard input; none by default.
    ///   - terminal: its standard output; a file by default.
    ///   - errorTerminal: its standard error; a file by default.
    ///   - errorOutput: the file or the pipe of its standard error; a file of its own by default.
    ///   - limit: the seconds after which the process is killed.
    init(
        _ program: Program,
        _ arguments: [String],
        environment: [String: String] = [:],
        currentFolder: String? = nil,
        input: String? = nil,
        terminal: Terminal? = nil,
        errorTerminal: Terminal? = nil,
        errorOutput: FileHandle? = nil,
        limit: Double = 120
    ) throws {
        folder = try TemporaryFolder()
        var inputFile: FileHandle?
        if let input {
            let file = URL(fileURLWithPath: folder.path("stdin"))
            try Data(input.utf8).write(to: file)
            inputFile = try FileHandle(forReadingFrom: file)
        }
        let output = try terminal?.end ?? Self.emptyFile(folder.path("stdout"))
        let errors = try errorTerminal?.end ?? errorOutput ?? Self.emptyFile(folder.path("stderr"))
        // The files close after their last use.
        process = try withExtendedLifetime((inputFile, output, errors)) {
            try SpawnedProcess(
                program.path,
                program.arguments + arguments,
                environment: ProcessInfo.processInfo.environment
                    .filter { !$0.key.hasPrefix("FUSEBOX_") }
                    .merging(environment) { _, own in own },
                currentFolder: currentFolder,
                input: inputFile?.fileDescriptor,
                output: output.fileDescriptor,
                errors: errors.fileDescriptor
            )
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit) { [weak self] in self?.kill() }
    }

    var pid: Int32 { process.pid }

    var isRunning: Bool { process.end == nil }

    /// The exit code; `nil` while it runs or if a signal ended it.
    var exitCode: Int32? {
        guard case .exited(let code) = process.end else { return nil }
        return code
    }

    /// The signal that ended it; `nil` if none did.
    var endingSignal: Int32? {
        guard case .killed(let signal) = process.end else { return nil }
        return signal
    }

    var standardOutput: String { text("stdout") }
    var standardError: String { text("stderr") }

    func signal(_ signal: Int32) { process.signal(signal) }

    /// Kills it and all processes that it has started, unless it has ended.
    func kill() { process.signal(SIGKILL, toGroup: true) }

    /// - Throws: an error if it runs for longer than `seconds`.
    func waitUntilEnd(within seconds: Double = 60) async throws {
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

/// The exit code and output of a program that has ended.
struct CommandResult: Sendable {
    var code: Int32?
    var output: String
    var errors: String
}

extension Program {
    /// Runs the program until it ends.
    func run(
        _ arguments: String...,
        environment: [String: String] = [:],
        currentFolder: String? = nil,
        input: String? = nil,
        within seconds: Double = 60
    ) async throws -> CommandResult {
        try await run(
            arguments,
            environment: environment,
            currentFolder: currentFolder,
            input: input,
            within: seconds
        )
    }

    func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        currentFolder: String? = nil,
        input: String? = nil,
        within seconds: Double = 60
    ) async throws -> CommandResult {
        let child = try ChildProcess(
            self,
            arguments,
            environment: environment,
            currentFolder: currentFolder,
            input: input,
            limit: seconds
        )
        try await child.waitUntilEnd(within: seconds + 5)
        return CommandResult(code: child.exitCode, output: child.standardOutput, errors: child.standardError)
    }
}

/// A program that tests start, with the arguments that it always gets.
struct Program: Sendable {
    var path: String
    var arguments: [String] = []

    /// The built binary; `FUSEBOX_BINARY` names another one.
    static let fusebox = Program(
        path: ProcessInfo.processInfo.environment["FUSEBOX_BINARY"] ?? beside("fusebox")
    )

    /// A server with a seeded bug: it acknowledges before it commits.
    static let faulty = Program(path: beside("faulty-server"))

    /// The example worker.
    static let swiftWorker = Program(path: beside("swift-worker"))

    /// The path of an executable in the folder of the test program or in a folder above it.
    private static func beside(_ name: String) -> String {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        preconditionFailure("no \(name) beside \(CommandLine.arguments[0]); build it, or set FUSEBOX_BINARY")
    }
}

/// Whether long tests run; they are off by default.
let runsSlowTests = ProcessInfo.processInfo.environment["FUSEBOX_SLOW_TESTS"] == "1"

/// The tests that start processes. They run one after another, because each needs the whole machine.
@Suite(.serialized)
enum ProcessTests {}
