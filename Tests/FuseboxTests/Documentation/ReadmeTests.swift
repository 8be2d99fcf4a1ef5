import BreakerCore
import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite("The README")
    struct ReadmeTests {
        private let text: String

        init() throws {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            text = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        }

        private func blocks(_ language: String) -> [String] {
            text.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
                $0.components(separatedBy: "\n```").first
            }
        }

        @Test("The curl commands of the README, run in order, print the output that it shows")
        func curlLines() async throws {
            let folder = try TemporaryFolder()
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            var ran = 0
            for block in blocks("console") where !block.hasPrefix("$ make") {
                // A minute passes between the second and the third block; here an operator's reset takes its place.
                if block.contains("half_open") {
                    _ = try await shell("curl -s -X POST '\(server.url)/v1/breakers/payments/reset?to=half_open'")
                }
                try await check(block, against: server)
                ran += 1
            }
            #expect(ran == 3)
        }

        /// Runs the command after each prompt and compares its output with the lines below.
        private func check(_ block: String, against server: ServerProcess) async throws {
            var command = ""
            var expected: [String] = []
            var permit = ""
            func run() async throws {
                guard !command.isEmpty else { return }
                let local = command.replacingOccurrences(of: "http://127.0.0.1:7979", with: server.url)
                    .replacingOccurrences(of: "curl ", with: "curl -s ")
                    .replacing(/3-[0-9a-f]{16}/, with: permit)
                let output = try await shell(local)
                #expect(general(output) == general(expected.joined(separator: "\n")), "\(command)")
                if let granted = output.firstMatch(of: /3-[0-9a-f]{16}/) { permit = String(granted.0) }
            }
            for line in block.split(separator: "\n") {
                if line.hasPrefix("$ ") {
                    try await run()
                    (command, expected) = (String(line.dropFirst(2)), [])
                } else if line.hasPrefix("> ") {
                    command += "\n" + line.dropFirst(2)
                } else {
                    expected.append(String(line))
                }
            }
            try await run()
        }

        /// The output without the parts that differ from run to run.
        private func general(_ output: String) -> String {
            output.replacing(/59\d\d\d|60000/, with: "N").replacing(/3-[0-9a-f]{16}/, with: "PERMIT")
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func shell(_ command: String) async throws -> String {
            let result = try await Program(path: "/bin/sh").run("-c", command)
            #expect(result.code == 0, "\(command): \(result.errors)")
            return result.output
        }

        @Test("The worker loop of the README protects a call, carries the permit and fails open")
        func pythonWorker() async throws {
            let worker = try #require(blocks("python").first)
            #expect(worker.split(separator: "\n").filter { !$0.isEmpty }.count <= 25)
            let folder = try TemporaryFolder()
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            let script = """
                \(worker.replacingOccurrences(of: "http://127.0.0.1:7979", with: server.url))
                def dead(): raise TimeoutError()
                print(protected(lambda: "charged"))
                for _ in range(5):
                    try: protected(dead)
                    except TimeoutError: print("failed")
                try: print(protected(lambda: "charged"))
                except RuntimeError as error: print(str(error)[:24])
                """
            #expect(
                try await python(script) == "charged\n" + String(repeating: "failed\n", count: 5)
                    + "payments is open; retry \n"
            )
            server.child.kill()
            try await server.child.waitUntilEnd()
            #expect(try await python(script).hasSuffix("failed\ncharged\n"))
        }

        private func python(_ script: String) async throws -> String {
            let result = try await Program(path: "/usr/bin/env").run("python3", "-c", script)
            #expect(result.code == 0, "\(result.errors)")
            return result.output
        }

        @Test(
            "The policy table of the README has the defaults and ranges that the server validates",
            arguments: PolicyField.allCases
        )
        func policyTable(field: PolicyField) throws {
            let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("| `\(field.rawValue)` |") })
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            let expected: String =
                switch field.defaultValue {
                case .null, .unsuitable: "null"
                case .integer(let value): "\(value)"
                case .decimal(let value): "\(Int64(value))"
                }
            #expect(cells[2] == expected)
            let range: String =
                switch field.range {
                case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
                case .rate: "above 0, at most 1"
                case .factor(let range): "\(Int64(range.lowerBound)) to \(Int64(range.upperBound))"
                }
            #expect(cells[3] == range)
        }

        @Test("The server accepts the configuration file of the README")
        func configurationFile() async throws {
            let yaml = try #require(blocks("yaml").first)
            let folder = try TemporaryFolder()
            let local = yaml.split(separator: "\n")
                .filter { !$0.contains("listen:") && !$0.contains("db:") && !$0.contains("tokens:") }
                .map { $0 == "server:" ? "server: {}" : $0 }
                .joined(separator: "\n")
            try local.write(toFile: folder.path("fusebox.yaml"), atomically: true, encoding: .utf8)
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--config", folder.path("fusebox.yaml")]
            )
            let output = try await shell("curl -s \(server.url)/v1/breakers")
            #expect(output.contains(#""recovery_timeout_ms":20000"#) && output.contains(#""failure_threshold":8"#))
        }
    }
}
