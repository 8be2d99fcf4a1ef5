import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct TokenCommandTests {
        private let folder: TemporaryFolder
        private let file: String

        init() throws {
            folder = try TemporaryFolder()
            file = folder.path("tokens")
        }

        private func token(_ arguments: String..., input: String? = nil) async throws -> CommandResult {
            try await Program.fusebox.run(
                ["token"] + arguments,
                currentFolder: folder.path,
                input: input
            )
        }

        private func add(_ name: String, _ options: String...) async throws -> CommandResult {
            try await Program.fusebox.run(
                ["token", "add", "--file", "tokens", "--name", name] + options,
                currentFolder: folder.path
            )
        }

        private func text() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }

        private func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: file)) }

        private func mode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        }

        @Test("An added token's secret is the only output, and a server accepts it")
        func secret() async throws {
            let ops = try await add("ops", "--role", "operator")
            #expect(ops.code == 0, "\(ops.errors)")
            #expect(ops.output.wholeMatch(of: /fbx_[0-9a-f]{64}\n/) != nil, "\(ops.output)")
            #expect(ops.errors.hasPrefix("tokens has the token ops. "), "\(ops.errors)")
            #expect(try mode() == 0o600)
            let web = try await add("web", "--role", "worker", "--prefix", "web:", "--prefix", "=mail")
            #expect(try text().contains("\nweb worker =mail,=web,web: sha256:"))
            #expect(try !text().contains(web.output.dropFirst(4).dropLast()))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["tokens"])

            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tokens", file]
            )
            defer { server.child.kill() }
            let wire = Wire(url: server.url, token: web.output.trimmingCharacters(in: .newlines))
            for (name, status) in [("web", 200), ("web:cart", 200), ("mail", 200), ("web2", 403), ("mail:a", 403)] {
                #expect(try await wire.acquire(name).status == status, "\(name)")
            }
        }

        @Test("An added token leaves the other bytes of the file and its mode unchanged")
        func bytes() async throws {
            let line = try await newToken("ops").line.trimmingCharacters(in: .newlines)
            try write("# who\r\n\r\n\(line)  # until March")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
            #expect(try await add("web", "--role", "viewer").code == 0)
            #expect(try text().hasPrefix("# who\r\n\r\n\(line)  # until March\nweb viewer sha256:"))
            #expect(try text().hasSuffix("\n"))
            #expect(try mode() == 0o640)
        }

        @Test("A second token of a name has the role and prefix of the first, until the old one is removed")
        func rotation() async throws {
            let first = try await add("web", "--role", "worker", "--prefix", "web:")
            let second = try await add("web")
            #expect(second.code == 0 && second.output != first.output)
            #expect(second.errors.contains("2 lines have the name web, and all of them are valid"), "\(second.errors)")
            let lines = try text().split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("web worker =web,web: sha256:") })
            let other = try await add("web", "--role", "viewer")
            #expect(other.code == 1 && other.output.isEmpty)
            #expect(other.errors.contains("tokens has a token web with another role or prefix"), "\(other.errors)")

            let removal = try await token("remove", "--file", "tokens", "--name", "web", "--old", "--yes")
            #expect(removal.output == "1 line of web removed\n", "\(removal.errors)")
            #expect(try text() == "\(lines[1])\n")
        }

        @Test("A list of tokens has names, roles and prefixes, and no digests")
        func list() async throws {
            _ = try await add("ops", "--role", "operator")
            _ = try await add("web", "--role", "worker", "--prefix", "web:")
            let list = try await token("list", "--file", "tokens")
            let rows = list.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(
                rows == [["NAME", "ROLE", "BREAKERS"], ["ops", "operator", "all"], ["web", "worker", "=web,web:"]]
            )
            let absent = try await token("list", "--file", "nowhere")
            #expect(absent.code == 1)
            #expect(absent.errors == "Error: nowhere cannot be read: the file does not exist\n")
        }

        @Test("The removal of a token is confirmed by yes, and says how many lines it removes")
        func removal() async throws {
            for name in ["ops", "web", "web"] { _ = try await add(name, "--role", "operator") }
            let before = try text()
            let refused = try await token("remove", "--file", "tokens", "--name", "web", input: "no\n")
            #expect(refused.code == 1 && refused.output.isEmpty)
            #expect(refused.errors == "Remove 2 lines of web from tokens? [y/N] ")
            #expect(try text() == before)
            let removed = try await token("remove", "--file", "tokens", "--name", "web", input: "yes\n")
            #expect(removed.output == "2 lines of web removed\n")
            #expect(try text() == "\(before.split(separator: "\n")[0])\n")
            for (name, complaint) in [
                ("web", "tokens has no token web; nothing was removed"), ("ops", "ops is the only token of tokens"),
            ] {
                let result = try await token("remove", "--file", "tokens", "--name", name, "--yes")
                #expect(result.code == 1 && result.errors.contains(complaint), "\(result.errors)")
            }
        }

        @Test("A token is added neither to a file with a mistake, nor to a link, a folder or a file that all may write")
        func refusals() async throws {
            try write("nonsense\n")
            let mistake = try await add("a", "--role", "worker")
            #expect(mistake.code == 1 && mistake.output.isEmpty)
            #expect(mistake.errors.contains("tokens:1: a line must be: name role [prefix]"), "\(mistake.errors)")
            #expect(try text() == "nonsense\n")
            try FileManager.default.moveItem(atPath: file, toPath: folder.path("target"))
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "target")
            let link = try await add("a", "--role", "worker")
            #expect(link.code == 1 && link.errors.contains("tokens is not a regular file"), "\(link.errors)")
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
            let directory = try await add("a", "--role", "worker")
            #expect(directory.code == 1 && directory.errors.contains("is not a regular file"), "\(directory.errors)")
            try FileManager.default.removeItem(atPath: file)
            try write("# empty\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: file)
            let shared = try await add("a", "--role", "worker")
            #expect(shared.code == 1 && shared.errors.contains("can write to tokens"), "\(shared.errors)")
            #expect(try text() == "# empty\n")
        }

        @Test(
            "The options of an added token are checked",
            arguments: [
                (["--name", "two words", "--role", "worker"], 64, "--name must be 1 to 128 characters of"),
                (["--name", "a", "--role", "boss"], 64, "--role must be worker, viewer or operator, not boss"),
                (["--name", "a", "--role", "worker", "--prefix=-x"], 64, "the beginning of a breaker's name, not -x"),
                (["--name", "a", "--prefix", "x"], 64, "--prefix requires --role"),
                (["--name", "a"], 64, "tokens has no token a whose role could be used; give --role"),
                (["--name", "anonymous", "--role", "worker"], 1, "the name anonymous is reserved"),
            ] as [([String], Int32, String)]
        )
        func options(options: [String], code: Int32, complaint: String) async throws {
            let result = try await Program.fusebox.run(
                ["token", "add", "--file", "tokens"] + options,
                currentFolder: folder.path
            )
            #expect(result.code == code && result.output.isEmpty)
            #expect(result.errors.contains(complaint), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: file))
        }

        @Test("Several commands at once add each their token")
        func together() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let result = try await add("t\(number)", "--role", "worker")
                        #expect(result.code == 0)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try text().split(separator: "\n").count == 8)
        }

        @Test("A reload says how many tokens the server has read, or which line is wrong", .timeLimit(.minutes(2)))
        func reload() async throws {
            let ops = try await add("ops", "--role", "operator").output.trimmingCharacters(in: .newlines)
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tokens", file]
            )
            defer { server.child.kill() }
            func reload() async throws -> CommandResult {
                try await Program.fusebox.run(
                    "token",
                    "reload",
                    "--url",
                    server.url,
                    environment: ["FUSEBOX_TOKEN": ops]
                )
            }
            let web = try await add("web", "--role", "worker").output.trimmingCharacters(in: .newlines)
            let wire = Wire(url: server.url, token: web)
            #expect(try await wire.acquire("a").status == 401)
            let result = try await reload()
            #expect(result.output == "The server has read its tokens file: 2 tokens\n", "\(result.errors)")
            #expect(try await wire.acquire("a").status == 200)
            #expect(server.log.contains("actor=ops address=127.0.0.1 tokens=2"), "\(server.log)")

            try write("x\n" + text())
            let mistake = try await reload()
            #expect(mistake.code == 1 && mistake.output.isEmpty)
            #expect(mistake.errors.contains("\(file):1: a line must be: "), "\(mistake.errors)")
            #expect(mistake.errors.contains("; the old tokens stay in force (409 invalid_tokens)"), "\(mistake.errors)")
            #expect(try await wire.acquire("a").status == 200)
        }
    }
}
