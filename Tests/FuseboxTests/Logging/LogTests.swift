import BreakerCore
import Foundation
import Logging
import NIOHTTP1
import TestSupport
import Testing

@testable import fusebox

@Suite struct LineLogHandlerTests {
    private static func line(_ message: String, _ metadata: Logger.Metadata) -> String {
        let event = LogEvent(
            level: .notice,
            message: "\(message)",
            metadata: metadata,
            source: "Engine",
            file: "",
            function: "",
            line: 1
        )
        return LineLogHandler(label: "fusebox", format: .text).line(event, at: Instant(milliseconds: 0))
    }

    @Test("A log line has its fields in order, with quotes around ambiguous values")
    func fields() {
        let metadata: Logger.Metadata = [
            "to": "open", "detail": "5 failures; actor=x", "empty": "", "quote": #"a"b\"#, "a b": "c",
        ]
        #expect(
            Self.line("A breaker changed", metadata)
                == #"1970-01-01T00:00:00Z notice fusebox: "a b"=c detail="5 failures; actor=x" empty="" quote="a\"b\\" "#
                + "to=open [Engine] A breaker changed"
        )
    }

    @Test(
        "No text in a log line starts another line or contains a control character",
        arguments: [
            "\n", "\r", "\r\n", "\t", "\0", "\u{1b}[2J", "\u{1b}]0;x\u{7}", "\u{7f}", "\u{85}", "\u{9b}31m",
            "\u{9d}0;x\u{9c}",
            "\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{b}", "\u{c}",
        ]
    )
    func hostile(text: String) {
        let text = "a\(text)2026-01-01T00:00:00Z notice fusebox: forged"
        let line = Self.line(text, ["detail": "\(text)", text: "x", "nested": ["\(text)": .array(["\(text)"])]])
        let steering = line.unicodeScalars.filter { scalar in
            [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
        }
        #expect(steering.isEmpty, "\(line.debugDescription)")
    }
}

extension ProcessTests {
    @Suite struct LogTests {
        @Test(
            "A text from a worker or an operator neither forges a log line nor controls the terminal",
            arguments: ["text", "json"]
        )
        func forgery(format: String) async throws {
            let folder = try TemporaryFolder()
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--log-format", format]
            )
            defer { server.child.kill() }
            let evil = #"x\r\n2026-01-01T00:00:00Z notice forged: \u001b[2J\u009b31m\u202e\u2028\u007f"#
            let report = """
                {"reports":[{"name":"a","outcome":"failure","kind":"\(evil)","reporter":"\(evil)","detail":"\(evil)",
                "count":5}]}
                """
            #expect(try await server.wire.send(.POST, "/v1/reports", report).number("accepted") == 5)
            let order = #"{"mode":"force_open","reason":"\#(evil)","expires_in_ms":60000}"#
            #expect(try await server.wire.send(.PUT, "/v1/breakers/a/override", order).status == 200)
            #expect(try await server.wire.send(.PUT, "/v1/breakers/a", #"{"preset":"flaky"}"#).status < 300)
            #expect(try await server.wire.send(.DELETE, "/v1/breakers/a").status == 204)
            try await eventually("all is logged") { server.log.contains("A breaker was deleted") }
            let steering = server.log.replacing("\n", with: "").unicodeScalars.filter { scalar in
                [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
            }
            #expect(steering.isEmpty, "\(server.log.debugDescription)")
            for line in server.log.split(separator: "\n") {
                #expect(
                    line.hasPrefix("{\"") && line.hasSuffix("}")
                        || line.contains(#/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [a-z]+ [a-z]+: /#)
                            && !line.hasPrefix("2026-01-01"),
                    "\(line)"
                )
            }
        }

        @Test(
            "A body that cannot be read is not logged",
            .timeLimit(.minutes(2)),
            arguments: ["-1\r\n", "0\r\n"]
        )
        func unreadable(chunk: String) async throws {
            let folder = try TemporaryFolder()
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let head = "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
            let secrets = String(repeating: "authorization: Bearer fbx_secret\r\n", count: 2_000)
            for _ in 0..<5 {
                let socket = try RawSocket(url: server.url)
                // The server may close the connection before it has read all of this.
                try? socket.send(head + chunk + secrets)
                _ = try await socket.readToEnd(within: 20)
            }
            try await server.stop()
            #expect(!server.log.contains("A request failed"), "\(server.log)")
        }
    }
}
