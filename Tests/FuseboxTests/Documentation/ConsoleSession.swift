import Foundation
import TestSupport
import Testing

/// Runs the commands of console blocks against one server, and compares their output with the lines below each.
///
/// In a block, `$ ` begins a command and `> ` continues it. `…` in the output stands for any text. Permits, instants
/// and remaining times differ from run to run, so they need not be equal.
struct ConsoleSession {
    let server: ServerProcess
    private let folder: TemporaryFolder
    private let environment: [String: String]
    /// The permits that the server granted, by those that the document shows.
    private var permits: [String: String] = [:]

    init() async throws {
        folder = try TemporaryFolder()
        let program = URL(fileURLWithPath: Program.fusebox.path).path
        try FileManager.default.createSymbolicLink(atPath: folder.path("fusebox"), withDestinationPath: program)
        server = try await ServerProcess.start(database: folder.path("fusebox.db"))
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        environment = [
            "PATH": "\(folder.path):\(path)",
            "FUSEBOX_URL": server.url,
            "FUSEBOX_CONTEXTS": folder.path("contexts.yaml"),
        ]
    }

    mutating func run(_ block: MarkdownDocument.Block) async throws {
        var command = ""
        var expected: [String] = []
        for line in block.lines {
            if line.hasPrefix("$ ") {
                try await check(command, prints: expected)
                (command, expected) = (String(line.dropFirst(2)), [])
            } else if line.hasPrefix("> ") {
                command += "\n" + line.dropFirst(2)
            } else {
                expected.append(line)
            }
        }
        try await check(command, prints: expected)
    }

    private mutating func check(_ command: String, prints expected: [String]) async throws {
        guard !command.isEmpty else { return }
        var command = command.replacingOccurrences(of: "http://127.0.0.1:7979", with: server.url)
            .replacingOccurrences(of: "curl ", with: "curl -s ")
        for (shown, granted) in permits { command = command.replacingOccurrences(of: shown, with: granted) }
        let result = try await Program(path: "/bin/sh")
            .run("-c", command, environment: environment, currentFolder: folder.path)
        #expect(result.code == 0, "\(command): \(result.errors)")
        let output = result.output + result.errors
        let shown = expected.joined(separator: "\n")
        #expect(isMatch(general(output), for: general(shown)), "\(command)\n\(output)")
        for (shown, granted) in zip(findPermits(in: shown), findPermits(in: output)) { permits[shown] = granted }
    }

    /// Whether a text consists of the parts between the `…`, in this order, with any text between them.
    private func isMatch(_ text: String, for pattern: String) -> Bool {
        let parts = pattern.components(separatedBy: "…")
        guard parts.count > 1 else { return text == pattern }
        guard text.hasPrefix(parts[0]), text.hasSuffix(parts[parts.count - 1]) else { return false }
        var rest = Substring(text)
        for part in parts where !part.isEmpty {
            guard let found = rest.range(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    private func findPermits(in text: String) -> [String] {
        text.matches(of: /\d+-[0-9a-f]{16}/).map { String($0.output) }
    }

    /// The output without the parts that differ from run to run.
    private func general(_ output: String) -> String {
        output.replacing(/retry_after_ms":\d+/, with: #"retry_after_ms":N"#)
            .replacing(/\d+-[0-9a-f]{16}/, with: "PERMIT")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "INSTANT")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
