import BreakerText
import Dispatch
import Foundation

/// The text that a server prints when it is up: on a terminal the first steps, otherwise only the address.
struct Banner: Sendable {
    private let databasePath: String
    private let tokensPath: String?
    private let isLoopback: Bool

    init(settings: Settings) {
        databasePath = URL(fileURLWithPath: settings.databasePath).path.printable
        tokensPath = settings.tokensPath?.printable
        isLoopback = settings.listen.isLoopback
    }

    func show(url: String) {
        let text = isatty(STDOUT_FILENO) == 1 ? person(url) : "listening on \(url)\n"
        // On another thread, because a pipe that is not read must not keep the server from serving.
        DispatchQueue.global().async { _ = Output.put(Array(text.utf8), to: STDOUT_FILENO) }
    }

    private func person(_ url: String) -> String {
        let authorization = tokensPath == nil ? "" : " -H \"authorization: Bearer $TOKEN\""
        let reach = isLoopback ? "any user of this machine" : "any client that reaches the port"
        return """

              Fusebox listens on  \(url)
              database            \(databasePath)
              tokens              \(tokensPath.map { "from \($0)" } ?? "none: \(reach) may do everything")

              try it:  curl -X POST\(authorization) \(url)/v1/breakers/payments/acquire


            """
    }
}
