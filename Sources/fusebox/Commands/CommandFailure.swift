import ArgumentParser
import BreakerClient
import Foundation

/// Reports a command's failure on standard error: as text, or with `--json` as a problem document (RFC 9457).
enum CommandFailure {
    static func end(with error: any Error) -> Never {
        let isLogWritten = LogWriter.standardError.flush()
        let code = FuseboxCommand.exitCode(for: error)
        // Help and version requests are not failures, and an exit code needs no further message.
        guard code != .success, !(error is ExitCode) else { FuseboxCommand.exit(withError: error) }
        // A pipe that is not read has no room for this message either, and the process must end.
        guard isLogWritten else { FuseboxCommand.exit(withError: code) }
        if wantsJSON(CommandLine.arguments) {
            report(error)
        } else {
            Output.remark(FuseboxCommand.fullMessage(for: error))
        }
        FuseboxCommand.exit(withError: code)
    }

    /// Prints an error without ending the process.
    static func report(_ error: any Error) {
        if wantsJSON(CommandLine.arguments) {
            Output.remark(problem(error))
        } else {
            Output.remark("Error: \(FuseboxCommand.message(for: error))")
        }
    }

    /// Whether the arguments contain `--json`. Arguments after `--` belong to another command.
    static func wantsJSON(_ arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains("--json")
    }

    /// The server's problem document as received; for a local error, a similar document without a status.
    static func problem(_ error: any Error) -> String {
        if let problem = error as? ServerProblem, !problem.document.isEmpty {
            return (try? OperatorJSON.text(problem.document, on: .plain)) ?? ""
        }
        let (code, title) = kind(of: error)
        var document: [String: Any] = [
            "type": "urn:fusebox:problem:\(code)", "title": title, "code": code,
            "detail": FuseboxCommand.message(for: error),
        ]
        if let problem = error as? ServerProblem { document["status"] = problem.status }
        if let problem = error as? FuseboxError {
            document["status"] = problem.status
            document["detail"] = problem.detail
        }
        return (try? OperatorJSON.text(document, on: .plain)) ?? ""
    }

    private static func kind(of error: any Error) -> (code: String, title: String) {
        switch error {
        case let error as FuseboxError: (error.code ?? "unexpected_answer", "The server refused the request")
        case is ServerProblem: ("unexpected_answer", "The answer does not come from a Fusebox server")
        case let error as ServerFailure where error.isUnreachable: ("unreachable", "The server cannot be reached")
        case is SettingsError: ("invalid_settings", "Invalid settings")
        case _ where FuseboxCommand.exitCode(for: error) == .validationFailure: ("usage", "Wrong usage")
        default: ("failed", "The command failed")
        }
    }
}

/// The output format of a command.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON, and errors as problem documents.")
    var json = false
}
