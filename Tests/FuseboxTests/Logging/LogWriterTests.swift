import BreakerCore
import Foundation
import Logging
import NIOHTTP1
import TestSupport
import Testing

@testable import fusebox

@Suite struct LogWriterTests {
    @Test("A pipe that is not read delays no log call, and a line in the place of the dropped ones has their number")
    func unread() async throws {
        let pipe = try UnreadPipe()
        let writer = LogWriter(descriptor: pipe.end.fileDescriptor)
        let filling = String(repeating: "x", count: 1_000)
        let count = 2_000
        for number in 0..<count { writer.write("\(number) \(filling)") { "\($0) dropped" } }
        #expect(!writer.flush(within: 0))

        var text = ""
        try await eventually("all lines are written") {
            text += pipe.read()
            return writer.flush(within: 0)
        }
        writer.write("a later line") { "\($0) dropped" }
        #expect(writer.flush())
        text += pipe.read()

        let lines = text.split(separator: "\n").map(String.init)
        let written = max(0, lines.count - 2)
        #expect(written > LogWriter.capacity / 1_010 && written < count)
        #expect(Array(lines.prefix(written)) == (0..<written).map { "\($0) \(filling)" })
        #expect(Array(lines.suffix(2)) == ["\(count - written) dropped", "a later line"])
    }

    @Test("A line that is longer than the buffer is dropped, and its notice is written at once")
    func longLine() throws {
        let pipe = try UnreadPipe()
        let writer = LogWriter(descriptor: pipe.end.fileDescriptor)
        writer.write(String(repeating: "x", count: LogWriter.capacity)) { "\($0) dropped" }
        #expect(writer.flush())
        #expect(pipe.read() == "1 dropped\n")
    }

    @Test("The line about dropped lines has the format of the log", arguments: LogFormat.allCases)
    func notice(format: LogFormat) {
        let handler = LineLogHandler(label: "fusebox", format: format)
        let line = handler.line(dropped: 7, at: Instant(milliseconds: 0))
        let message = "Log lines were dropped, because standard error was not read in time"
        switch format {
        case .text:
            #expect(line == "1970-01-01T00:00:00Z warning fusebox: lines=7 [LogWriter] \(message)")
        case .json:
            let fields = #""level":"warning","lines":"7","logger":"fusebox","message":"\#(message)""#
            #expect(line == #"{"at":"1970-01-01T00:00:00.000Z",\#(fields)}"#)
        }
    }
}

extension ProcessTests {
    @Suite struct UnreadLogTests {
        @Test(
            "A server whose standard error is a full pipe starts, serves and stops, and logs when the pipe is read",
            .timeLimit(.minutes(2))
        )
        func fullPipe() async throws {
            let folder = try TemporaryFolder()
            let pipe = try UnreadPipe()
            pipe.fill()
            let child = try ChildProcess(
                .fusebox,
                ["serve", "--listen", "127.0.0.1:0", "--db", folder.path("fusebox.db")],
                errorOutput: pipe.end
            )
            defer { child.kill() }
            let wire = try await ServerProcess.listening(child).wire
            try await wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "payments")
            #expect(try await wire.fail("payments").text("state") == "open")
            #expect(try await wire.fail("search").status == 200)

            var log = ""
            try await eventually("the trip is logged") {
                log += pipe.read()
                return log.contains("A breaker changed")
            }
            pipe.fill()
            #expect(try await wire.send(.POST, "/v1/breakers/payments/reset").status == 200)
            child.signal(SIGTERM)
            try await child.waitUntilEnd()
            #expect(child.exitCode == 0)
        }
    }
}
