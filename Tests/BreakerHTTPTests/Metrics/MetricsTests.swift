import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerStorage
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Metrics of a running server")
struct MetricsTests {
    @Test("A scrape is in the Prometheus text format, and the samples of each metric family are together")
    func format() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            let answer = try await server.send(.GET, "/metrics")
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer["cache-control"] == "no-store")
            let lines = answer.text.split(separator: "\n")
            let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
            #if os(Linux)
                #expect(types.sorted() == MetricFamily.allCases.map(\.rawValue).sorted())
            #endif
            var family = ""
            for line in lines {
                if line.hasPrefix("# ") {
                    family = String(line.split(separator: " ")[2])
                } else {
                    #expect(line.hasPrefix(family), "\(line) stands in \(family)")
                }
            }
        }
    }

    @Test("The counters of a breaker are exact, and no reporter becomes a label")
    func counters() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            for _ in 1...4 { _ = try await server.acquire("a") }
            _ = try await server.report("a", "outcome=failure&reporter=checkout-7")
            server.clock.advance(byMs: 60_000)
            let permit = try #require(try await server.acquire("a").json["permit"]?.text)
            _ = try await server.report("a", "outcome=success&permit=\(permit)")
            for _ in 1...2 { _ = try await server.report("a", "outcome=success&report_id=once") }
            _ = try await server.report("a", "outcome=ignored")
            let items = #"{"reports":[{"name":"a","outcome":"failure","count":7}]}"#
            _ = try await server.send(.POST, "/v1/reports", items)
            let metrics = try await server.metrics()
            #expect(metrics["fusebox_decisions_total{breaker=\"a\",decision=\"denied\"}"] == 4)
            #expect(metrics["fusebox_decisions_total{breaker=\"a\",decision=\"allowed\"}"] == 1, "the probe")
            func reports(_ outcome: String, _ applied: Bool) -> Double? {
                metrics["fusebox_reports_total{breaker=\"a\",outcome=\"\(outcome)\",applied=\"\(applied)\"}"]
            }
            #expect([reports("success", true), reports("success", false)] == [2, 0])
            #expect([reports("failure", true), reports("failure", false)] == [10, 3])
            #expect([reports("ignored", true), reports("ignored", false)] == [1, 0])
            func transitions(_ to: String, _ cause: String) -> Double? {
                metrics["fusebox_transitions_total{breaker=\"a\",to=\"\(to)\",cause=\"\(cause)\"}"]
            }
            #expect(transitions("open", "failure_threshold") == 2)
            #expect(transitions("half_open", "recovery_timeout") == 1)
            #expect(transitions("closed", "probes_succeeded") == 1)
            #expect(transitions("open", "probe_failed") == 0)
            #expect(metrics["fusebox_breaker_openings_last_hour{breaker=\"a\"}"] == 2)
            #expect(metrics["fusebox_breaker_state{breaker=\"a\",state=\"open\"}"] == 1)
            #expect(metrics["fusebox_breaker_state{breaker=\"a\",state=\"closed\"}"] == 0)
            #expect(metrics["fusebox_breakers{state=\"open\"}"] == 1)
            #expect(metrics["fusebox_writer_commit_seconds_count"].map { $0 >= 5 } == true)
            #expect(metrics["fusebox_storage_failing"] == 0)
            #expect(!metrics.keys.contains { $0.contains("checkout") })
        }
    }

    @Test("The series of an override have its start and expiry, and disappear when it ends")
    func override() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let order = #"{"mode":"force_open","reason":"a test","expires_in_ms":60000}"#
            _ = try await server.send(.PUT, "/v1/breakers/a/override", order)
            let start = Double(server.clock.now().milliseconds) / 1_000
            let labels = "{breaker=\"a\",mode=\"force_open\"}"
            let metrics = try await server.metrics()
            #expect(metrics["fusebox_override\(labels)"] == 1)
            #expect(metrics["fusebox_override_since_timestamp_seconds\(labels)"] == start)
            #expect(metrics["fusebox_override_expires_timestamp_seconds\(labels)"] == start + 60)
            #expect(metrics["fusebox_transitions_total{breaker=\"a\",to=\"open\",cause=\"override_set\"}"] == 1)
            server.clock.advance(byMs: 60_000)
            #expect(try await !server.metrics().keys.contains { $0.hasPrefix("fusebox_override") })
        }
    }

    @Test("The series of a deleted breaker disappear, and start at 0 for another breaker of the same name")
    func deletion() async throws {
        try await TestServer.with { server in
            for name in ["a", "b", "c"] { try await server.trip(name) }
            _ = try await server.send(.DELETE, "/v1/breakers/a")
            let metrics = try await server.metrics()
            #expect(!metrics.keys.contains { $0.contains("breaker=\"a\"") })
            let failures = "outcome=\"failure\",applied=\"true\"}"
            #expect(metrics["fusebox_reports_total{breaker=\"c\",\(failures)"] == 5)
            _ = try await server.acquire("a")
            let later = try await server.metrics()
            #expect(later["fusebox_reports_total{breaker=\"a\",\(failures)"] == 0)
            #expect(later["fusebox_transitions_total{breaker=\"a\",to=\"open\",cause=\"failure_threshold\"}"] == 0)
        }
    }

    @Test("If too many breakers exist, the ones that most need attention get the series", arguments: [0, 1, 2, 3, 5])
    func cap(limit: Int) async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            for text in ["a", "b", "c", "d"] {
                let name = try #require(BreakerName(text))
                _ = try await engine.acquire(name)
                guard text == "c" else { continue }
                for _ in 1...5 { _ = try await engine.report(Report(.failure), to: name) }
            }
            let last = try #require(BreakerName("d"))
            _ = try await engine.setOverride(.shadow, of: last, reason: "r", expiresInMs: nil, actor: "a")
            let panel = try #require(await engine.panelReading(visible: .all, limit: limit))
            #expect(panel.breakers.map(\.name.value) == Array(["d", "c", "a", "b"].prefix(limit)))
            #expect(panel.leftOut == max(0, 4 - limit))
            #expect(panel.totals.total == 4)
        }
    }

    @Test("A panel with more breakers than one read takes is read completely", arguments: [("", 1_201), ("b11", 100)])
    func slices(prefix: String, count: Int) async throws {
        try await TestServer.with { server in
            try await server.create(1_201)
            let panel = try #require(await server.engine.panelReading(visible: NameScope(prefix: prefix), limit: 5_000))
            #expect(panel.breakers.count == count)
            #expect(Set(panel.breakers.map(\.name)).count == count)
        }
    }

    @Test("A token scrapes only the breakers of its prefix; a worker's token or none is refused")
    func tokens() async throws {
        let (viewer, secret) = Token.make(name: "scraper", role: .viewer, prefix: "pay")
        let (worker, workersSecret) = Token.make(name: "worker", role: .worker, prefix: "")
        try await TestServer.with(tokens: [viewer, worker]) { server in
            for name in ["payments", "search"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: workersSecret)
            }
            let metrics = try await server.metrics(secret: secret)
            #expect(metrics["fusebox_breaker_generation{breaker=\"payments\"}"] == 1)
            #expect(!metrics.keys.contains { $0.contains("search") })
            #expect(metrics["fusebox_breakers{state=\"closed\"}"] == 1)
            try await server.send(.GET, "/metrics").expectProblem(.unauthorized)
            try await server.send(.GET, "/metrics", secret: workersSecret).expectProblem(.forbidden)
        }
    }

    @Test("Rows evicted early are counted by table, and one token's report ids do not evict another token's")
    func evictions() async throws {
        let (quiet, quietSecret) = Token.make(name: "quiet", role: .worker, prefix: "")
        let (busy, busySecret) = Token.make(name: "busy", role: .worker, prefix: "")
        let (viewer, secret) = Token.make(name: "scraper", role: .viewer, prefix: "")
        var retention = Retention()
        retention.receipts = 10
        try await TestServer.with(tokens: [quiet, busy, viewer], retention: retention) { server in
            func report(_ id: String, _ secret: String) async throws -> HTTPAnswer {
                let path = "/v1/breakers/a/report?outcome=failure&report_id=\(id)"
                return try await server.send(.POST, path, secret: secret)
            }
            _ = try await report("q", quietSecret)
            let items = (0..<30).map { #"{"name":"b","outcome":"success","report_id":"b\#($0)"}"# }
            let batch = #"{"reports":[\#(items.joined(separator: ","))]}"#
            _ = try await server.send(.POST, "/v1/reports", batch, secret: busySecret)
            for number in 0..<5 { _ = try await report("l\(number)", busySecret) }
            #expect(try await report("q", quietSecret).json["duplicate"] == .bool(true))
            let metrics = try await server.metrics(secret: secret)
            #expect(metrics["fusebox_evicted_rows_total{table=\"report_ids\"}"] == 26)
            for table in ["audit", "failures", "call_minutes"] {
                #expect(metrics["fusebox_evicted_rows_total{table=\"\(table)\"}"] == 0)
            }
        }
    }

    @Test("Requests to the lane and the router are counted by route template, never by path")
    func requests() async throws {
        try await TestServer.with { server in
            for _ in 1...3 { _ = try await server.acquire("a") }
            _ = try await server.report("a", "outcome=success")
            _ = try await server.send(.POST, "/v1/breakers/a/report", #"{"outcome":"success"}"#)
            _ = try await server.report("a", "outcome=odd")
            _ = try await server.send(.GET, "/v1/breakers/unheard-of")
            _ = try await server.send(.GET, "/wp-login.php")
            let metrics = try await server.metrics()
            func count(_ route: String, _ method: String, _ status: Int) -> Double? {
                metrics["fusebox_http_requests_total{route=\"\(route)\",method=\"\(method)\",status=\"\(status)\"}"]
            }
            #expect(count("/v1/breakers/{name}/acquire", "POST", 200) == 3)
            #expect(count("/v1/breakers/{name}/report", "POST", 200) == 2)
            #expect(count("/v1/breakers/{name}/report", "POST", 400) == 1)
            #expect(count("/v1/breakers/{name}", "GET", 404) == 1)
            #expect(count("other", "GET", 404) == 1)
            #expect(metrics["fusebox_http_connections"].map { $0 >= 1 } == true)
            #expect(!metrics.keys.contains { $0.contains("wp-login") || $0.contains("unheard") })
        }
    }

    @Test("A report that cannot be stored is not counted, and the scrape reports that the store fails")
    func failingStorage() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let lock = try WriteLock(databasePath: server.databasePath)
            try await server.report("a", "outcome=failure").expectProblem(.storageUnavailable)
            let failing = try await server.metrics()
            #expect(failing["fusebox_storage_failing"] == 1)
            #expect(failing["fusebox_writer_failed_commits_total"].map { $0 >= 1 } == true)
            lock.release()
            _ = try await server.report("a", "outcome=failure")
            let metrics = try await server.metrics()
            let series = "fusebox_reports_total{breaker=\"a\",outcome=\"failure\",applied=\"true\"}"
            #expect(metrics[series] == 1)
            #expect(metrics["fusebox_storage_failing"] == 0)
        }
    }
}

extension TestServer {
    /// The samples of a scrape, by series.
    func metrics(secret: String? = nil) async throws -> [String: Double] {
        let answer = try await send(.GET, "/metrics", secret: secret)
        var samples: [String: Double] = [:]
        for line in answer.text.split(separator: "\n") where !line.hasPrefix("#") {
            let space = try #require(line.lastIndex(of: " "), "\(line)")
            let value = try #require(Double(line[line.index(after: space)...]), "\(line)")
            #expect(samples.updateValue(value, forKey: String(line[..<space])) == nil, "\(line) stands there twice")
        }
        return samples
    }
}
