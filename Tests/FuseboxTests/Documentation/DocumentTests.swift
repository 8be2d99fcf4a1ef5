import BreakerAPI
import BreakerCore
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import fusebox

@Suite("The documents")
struct DocumentTests {
    @Test("Every link of a document leads to a file and a heading that exist")
    func links() throws {
        let documents = try MarkdownDocument.all()
        #expect(documents.count >= 18)
        for document in documents {
            for link in document.links where !link.contains("://") {
                let (file, anchor) = document.target(of: link)
                let path = MarkdownDocument.root.appendingPathComponent(file).path
                #expect(FileManager.default.fileExists(atPath: path), "\(document.path): \(link)")
                guard let anchor else { continue }
                let anchors = documents.first { $0.path == file }?.anchors ?? []
                #expect(anchors.contains(anchor), "\(document.path): \(link)")
            }
        }
    }

    @Test("Every make target that a document names exists")
    func makeTargets() throws {
        let makefile = try String(contentsOf: MarkdownDocument.root.appendingPathComponent("Makefile"), encoding: .utf8)
        var count = 0
        for document in try MarkdownDocument.all() {
            for match in document.text.matches(of: /(?:`|\$ )make ([a-z-]+)/) {
                #expect(makefile.contains("\n\(match.1): "), "\(document.path): make \(match.1)")
                count += 1
            }
        }
        #expect(count > 10)
    }

    @Test("Every source file that a table of CONTRIBUTING.md names exists")
    func sourceFiles() throws {
        var paths: [String] = []
        for folder in ["Sources", "Tests", "clients/python/src", "clients/python/tests", "docs/examples"] {
            let root = MarkdownDocument.root.appendingPathComponent(folder)
            let names = try FileManager.default.subpathsOfDirectory(atPath: root.path)
            paths += names.map { "/\(folder)/\($0)" }
        }
        var count = 0
        for line in try MarkdownDocument("CONTRIBUTING.md").prose where line.hasPrefix("|") {
            for match in line.matches(of: /`([A-Za-z_+\/-]+\.(?:swift|js|py|c))`/) {
                let isFound = paths.contains { $0.hasSuffix("/\(match.1)") }
                #expect(isFound, "\(match.1)")
                count += 1
            }
        }
        #expect(count > 40)
    }

    @Test("Every YAML block of a document is a configuration file, or a contexts file")
    func yaml() throws {
        var count = 0
        for document in try MarkdownDocument.all() {
            for block in document.blocks where block.kind.hasPrefix("yaml") {
                switch block.kind {
                case "yaml": _ = try ConfigurationFile(text: block.text, path: document.path)
                case "yaml contexts": _ = try ContextFile(text: block.text, path: document.path)
                default: Issue.record("\(document.path): \(block.kind)")
                }
                count += 1
            }
        }
        #expect(count > 0)
    }

    @Test("The policy table has the defaults and ranges that the server validates", arguments: PolicyField.allCases)
    func policyTable(field: PolicyField) throws {
        let cells = try #require(try MarkdownDocument("docs/policies.md").row(field.rawValue))
        let expected: String =
            switch field.defaultValue {
            case .null, .unsuitable: "null"
            case .integer(let value): "\(value)"
            case .decimal(let value): "\(Int64(value))"
            }
        #expect(cells[1] == expected)
        let range: String =
            switch field.range {
            case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
            case .rate: "above 0, at most 1"
            case .factor(let range): "\(Int64(range.lowerBound)) to \(Int64(range.upperBound))"
            }
        #expect(cells[2] == range)
    }

    @Test("The table of settings has each setting with its variable", arguments: Settings.Key.allCases)
    func settingsTable(key: Settings.Key) throws {
        let row = try #require(
            try MarkdownDocument("docs/operations.md").prose.first {
                $0.hasPrefix("|") && $0.contains("`FUSEBOX_\(key.rawValue.uppercased())`")
            }
        )
        #expect(key == .config || row.contains("`\(key.rawValue)`"))
    }

    @Test("The table of problem codes has each code with its status", arguments: ProblemCode.allCases)
    func problemTable(code: ProblemCode) throws {
        let cells = try #require(try MarkdownDocument("docs/protocol.md").row(code.rawValue))
        #expect(cells[1] == "\(code.status)")
    }

    @Test("Each error text of docs/troubleshooting.md is in one source file, apart from its variable parts")
    func errorTexts() throws {
        let texts = try MarkdownDocument("docs/troubleshooting.md").prose.compactMap { line in
            line.hasPrefix("| `") ? line.components(separatedBy: "`")[1] : nil
        }
        #expect(texts.count > 40)
        let sources = try ["Sources", "clients/python/src"].flatMap { try sourceTexts(in: $0) }
        for text in texts {
            let parts = text.components(separatedBy: "…").map { $0.trimmingCharacters(in: .whitespaces) }
            let isFound = sources.contains { source in parts.allSatisfy { $0.isEmpty || source.contains($0) } }
            #expect(isFound, "\(text)")
        }
    }

    /// The sources in a folder, with string literals that continue on the next line joined.
    private func sourceTexts(in folder: String) throws -> [String] {
        let root = MarkdownDocument.root.appendingPathComponent(folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return try paths.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }.map { path in
            try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
                .replacingOccurrences(of: #"\\\n\s*"#, with: "", options: .regularExpression)
                .replacingOccurrences(of: #""\s+\+?\s*f?""#, with: "", options: .regularExpression)
        }
    }
}

extension ProcessTests {
    @Suite("The commands and programs of the documents")
    struct DocumentCommandTests {
        @Test("The console commands of a document, run in order, print the output that it shows")
        func console() async throws {
            var count = 0
            for document in try MarkdownDocument.all() {
                let blocks = document.blocks("console")
                guard !blocks.isEmpty else { continue }
                var session = try await ConsoleSession()
                for block in blocks { try await session.run(block) }
                try await session.server.stop()
                count += 1
            }
            #expect(count > 0)
        }

        @Test("docs/cli.md has the help of the commands; `make cli-document` writes it")
        func commandLine() async throws {
            let script = MarkdownDocument.root.appendingPathComponent(".ci/cli-document").path
            let result = try await Program(path: "/usr/bin/env").run("python3", script, Program.fusebox.path)
            #expect(result.code == 0, "\(result.errors)")
            let text = try MarkdownDocument("docs/cli.md").text
            let isCurrent = text == result.output
            #expect(isCurrent, "docs/cli.md is out of date; run make cli-document")
        }

        @Test("The table of metrics has each metric of a scrape")
        func metricsTable() async throws {
            let folder = try TemporaryFolder()
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            let page = try await server.wire.get("/metrics").description
            let document = try MarkdownDocument("docs/operations.md")
            let names = page.matches(of: /TYPE ([a-z_]+)/).map { String($0.1) }
            #expect(names.count > 20)
            for name in names { #expect(document.row(name) != nil, "\(name)") }
        }

        @Test("The server accepts the policies of docs/policies.md in its configuration file, and applies them")
        func configurationFile() async throws {
            let yaml = try #require(try MarkdownDocument("docs/policies.md").blocks("yaml").first)
            let folder = try TemporaryFolder()
            try yaml.text.write(toFile: folder.path("fusebox.yaml"), atomically: true, encoding: .utf8)
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--config", folder.path("fusebox.yaml")]
            )
            let text = try await server.wire.get("/v1/breakers").description
            #expect(text.contains(#""recovery_timeout_ms":20000"#) && text.contains(#""failure_threshold":8"#))
        }

        @Test("The server accepts each recipe of docs/policies.md as a change of the default policy")
        func recipes() async throws {
            let folder = try TemporaryFolder()
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            let prose = try MarkdownDocument("docs/policies.md").prose.joined(separator: "\n")
            let recipes = prose.matches(of: /\| `(\{"[a-z_]+":.*\})` \|/).map { String($0.1) }
            #expect(recipes.count >= 8)
            for (index, recipe) in recipes.enumerated() {
                _ = try await server.wire.acquire("breaker-\(index)")
                let body = #"{"policy":\#(recipe)}"#
                let reply = try await server.wire.send(.PATCH, "/v1/breakers/breaker-\(index)", body)
                #expect(reply.status == 200, "\(recipe): \(reply)")
            }
        }
    }
}
