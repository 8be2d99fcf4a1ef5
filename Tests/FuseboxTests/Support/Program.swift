import Foundation

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
