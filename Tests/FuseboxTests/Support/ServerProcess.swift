import Foundation
import TestSupport

/// A server in a process of its own.
struct ServerProcess: Sendable {
    let child: ChildProcess
    let url: String

    var wire: Wire { Wire(url: url) }
    var log: String { child.standardError }

    /// - Returns: the server, once it listens.
    static func start(
        _ program: Program = .fusebox,
        database: String,
        listen address: String = "127.0.0.1:0",
        options: [String] = [],
        environment: [String: String] = [:],
        limit: Double = 120
    ) async throws -> ServerProcess {
        let child = try ChildProcess(
            program,
            ["serve", "--listen", address, "--db", database] + options,
            environment: environment,
            limit: limit
        )
        return try await listening(child)
    }

    /// Waits until the process is a server that listens.
    static func listening(_ child: ChildProcess) async throws -> ServerProcess {
        let prefix = "listening on "
        var url: String?
        try await eventually("the server listens") {
            guard child.isRunning else {
                throw NeverHappened(description: "the server ended: \(child.standardError)")
            }
            let line = child.standardOutput.split(separator: "\n").first { $0.hasPrefix(prefix) }
            // A line that is still being written has no line break yet.
            guard let line, child.standardOutput.hasSuffix("\n") else { return false }
            url = String(line.dropFirst(prefix.count))
            return true
        }
        guard let url else { throw NeverHappened(description: "the server says where it listens") }
        return ServerProcess(child: child, url: url)
    }

    /// Ends the server as a supervisor does.
    func stop(within seconds: Double = 60) async throws {
        child.signal(SIGTERM)
        try await child.waitUntilEnd(within: seconds)
    }

    /// The resident memory of the process.
    var residentMegabytes: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(child.pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                throw NeverHappened(description: "the kernel says what process \(child.pid) has in memory")
            }
            return kilobytes / 1_024
        }
    }
}

/// A token that `fusebox token new` has created.
struct NewToken: Sendable {
    var secret: String
    /// The line for the tokens file, with its line break.
    var line: String
}

func newToken(_ name: String, role: String = "operator", prefix: String? = nil) async throws -> NewToken {
    let options = prefix.map { ["--prefix", $0] } ?? []
    let result = try await Program.fusebox.run(["token", "new", "--name", name, "--role", role] + options)
    let values = result.output.split(separator: "\n").compactMap { line in
        line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
    guard result.code == 0, values.count == 2 else { throw NeverHappened(description: "\(result)") }
    return NewToken(secret: values[0], line: values[1] + "\n")
}
