import Foundation

/// A program that tests start, and the arguments it always takes.
struct Program: Sendable {
    var path: String
    var arguments: [String] = []

    /// The binary as it is built; `FUSEBOX_BINARY` names another one.
    static let fusebox = Program(
        path: ProcessInfo.processInfo.environment["FUSEBOX_BINARY"] ?? beside("fusebox")
    )

    /// A server with a seeded bug: it acknowledges before it commits.
    static let faulty = Program(path: beside("faulty-server"))

    /// The example of a worker.
    static let swiftWorker = Program(path: beside("swift-worker"))

    /// Executables are built into the folder that the tests run from.
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

/// Long runs are for those who ask for them.
let runsSlowTests = ProcessInfo.processInfo.environment["FUSEBOX_SLOW_TESTS"] == "1"
