import Foundation
import TestSupport

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
