import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct ContextCommandTests {
        private let folder: TemporaryFolder
        private var path: String { folder.path("contexts.yaml") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private static let text = """
            # whom I know
            current: staging   # for now
            contexts:
              staging: { url: "http://127.0.0.1:7979" }
              production:
                url: https://fusebox.example.com
                token_file: ~/.config/fusebox/production
              laptop: { url: "http://127.0.0.1:1", token: fbx_secret }

            """

        private func write(_ text: String, mode: Int = 0o600) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }

        private func context(_ options: String...) async throws -> CommandResult {
            try await Program.fusebox.run(["context"] + options, environment: ["FUSEBOX_CONTEXTS": path])
        }

        @Test("The list of contexts marks the current one with an asterisk and shows no token")
        func list() async throws {
            try write(Self.text)
            let result = try await context()
            #expect(
                result.output == """
                       CONTEXT     URL                          TOKEN
                    *  staging     http://127.0.0.1:7979
                       production  https://fusebox.example.com  ~/.config/fusebox/production
                       laptop      http://127.0.0.1:1           in the file

                    """
            )
            let json = try await context("list", "--json")
            let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(document?["current"] as? String == "staging")
            #expect((document?["contexts"] as? [[String: Any]])?.map { $0["name"] as? String }.count == 3)
            #expect(!json.output.contains("secret"))
        }

        @Test("The use of a context changes one line of the file and nothing else", arguments: [false, true])
        func use(isLinked: Bool) async throws {
            try write(Self.text)
            let target = folder.path("target.yaml")
            if isLinked {
                try FileManager.default.moveItem(atPath: path, toPath: target)
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
            }
            let result = try await context("use", "laptop")
            #expect(result.code == 0, "\(result)")
            #expect(result.output == "laptop is the current context: http://127.0.0.1:1\n")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == Self.text.replacing("current: staging   # for now", with: "current: laptop"))
            let file = isLinked ? target : path
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.type] as? FileAttributeType == .typeRegular)
            let away = try await Program.fusebox.run(["list"], environment: ["FUSEBOX_CONTEXTS": path])
            #expect(away.errors == "Error: http://127.0.0.1:1 cannot be reached: nothing listens there\n")
        }

        @Test("A file without a current context gets one")
        func first() async throws {
            try write("contexts:\n  staging: { url: \"http://127.0.0.1:7979\" }\n")
            #expect(try await context("use", "staging").code == 0)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == "current: staging\ncontexts:\n  staging: { url: \"http://127.0.0.1:7979\" }\n")
        }

        @Test(
            "A context that cannot be used is reported, and the file is unchanged",
            arguments: [
                (text, "nowhere", "has no context nowhere; there are staging, production, laptop"),
                (
                    "{current: a, contexts: {a: {url: x}, b: {url: y}}}\n", "b",
                    "has a layout that this command does not change"
                ),
                ("current: b\ncontexts: { a: { url: x } }\n", "a", "names an unknown context: b"),
                ("contexts: { a: { token: x } }\n", "a", "needs a url"),
                (
                    "contexts: { a: { url: x, token: y, token_file: z } }\n", "a",
                    "must not have both token and token_file"
                ),
            ]
        )
        func refused(text: String, name: String, complaint: String) async throws {
            try write(text)
            let result = try await context("use", name)
            #expect(result.code == 1)
            #expect(result.output == "")
            #expect(result.errors.contains(complaint), "\(result.errors)")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        }

        @Test("Without a file the list of contexts is empty, and the use of a context is an error")
        func absent() async throws {
            let list = try await context()
            #expect(list.code == 0)
            #expect(list.output == "")
            #expect(list.errors == "There are no contexts in \(path).\n")
            let use = try await context("use", "staging")
            #expect(use.code == 1)
            #expect(use.errors == "Error: \(path) has no context staging; there are none\n")
        }

        @Test("A flag takes precedence over the environment, and the environment over the current context")
        func precedence() async throws {
            try write(Self.text.replacing("staging   #", with: "laptop   #"))
            func complaint(_ options: [String], _ environment: [String: String]) async throws -> String {
                let all = environment.merging(["FUSEBOX_CONTEXTS": path]) { own, _ in own }
                return try await Program.fusebox.run(["list"] + options, environment: all).errors
            }
            let away = "cannot be reached: nothing listens there\n"
            #expect(try await complaint([], [:]) == "Error: http://127.0.0.1:1 \(away)")
            let (two, three) = ("http://127.0.0.1:2", "http://127.0.0.1:3")
            #expect(try await complaint([], ["FUSEBOX_URL": two]) == "Error: \(two) \(away)")
            #expect(try await complaint(["--url", three], ["FUSEBOX_URL": two]) == "Error: \(three) \(away)")
            let named = try await complaint(["--context", "laptop"], ["FUSEBOX_URL": two])
            #expect(named == "Error: http://127.0.0.1:1 \(away)")
            let both = try await complaint(["--context", "laptop", "--url", three], [:])
            #expect(both == "Error: give either --url or --context, not both\n")
        }
    }
}
