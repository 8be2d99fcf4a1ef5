import EngineSupport
import Foundation
import TestSupport
import Testing

/// The path of a shell; `nil` if it is not installed.
private func shell(_ name: String) -> String? {
    ["/bin/\(name)", "/usr/bin/\(name)", "/usr/local/bin/\(name)"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}

extension ProcessTests {
    @Suite struct CompletionCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func script(_ name: String) async throws -> String {
            let result = try await Program.fusebox.run("completion", name)
            #expect(result.code == 0, "\(result)")
            let path = folder.path("completion")
            try Data(result.output.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }

        @Test(
            "An installed shell accepts its completion script",
            arguments: ["bash", "zsh", "fish"].filter { shell($0) != nil }
        )
        func syntax(name: String) async throws {
            let program = Program(path: try #require(shell(name)))
            let result = try await program.run("-n", try await script(name))
            #expect(result.code == 0, "\(result)")
            #expect(result.errors == "")
        }

        @Test(
            "Bash completes commands and options",
            .enabled(if: shell("bash") != nil),
            arguments: [
                ("sho", "show"), ("shad", "shadow"), ("list --sta", "--state"),
                ("force-open x --rea", "--reason"),
            ]
        )
        func bash(line: String, completed: String) async throws {
            let words = (["fusebox"] + line.split(separator: " ").map(String.init))
            let code = """
                source \(try await script("bash"))
                COMP_WORDS=(\(words.joined(separator: " "))) COMP_CWORD=\(words.count - 1)
                COMP_LINE="fusebox \(line)" COMP_POINT=${#COMP_LINE}
                _fusebox fusebox \(words.last ?? "") \(words.dropLast().last ?? "")
                echo "${COMPREPLY[@]}"
                """
            let result = try await Program(path: try #require(shell("bash"))).run("-c", code)
            #expect(result.output == completed + "\n", "\(result)")
        }

        @Test("An unsupported shell is a usage error")
        func unknown() async throws {
            let result = try await Program.fusebox.run("completion", "tcsh")
            #expect(result.code == 64)
            #expect(result.errors.contains("the shell must be bash, zsh or fish, not tcsh"))
        }
    }
}
