import BreakerCore
import Foundation
import TestSupport
import Testing

@testable import fusebox

@Suite struct ConfigurationFileTests {
    private func file(_ text: String) throws -> ConfigurationFile { try ConfigurationFile(text: text, path: "f.yaml") }

    private func name(_ text: String) throws -> BreakerName { try #require(BreakerName(text)) }

    @Test("An empty configuration file sets nothing", arguments: ["", "# only this\n", "~\n", "{}\n", "server:\n"])
    func empty(text: String) throws {
        let file = try file(text)
        #expect(file.settings.values.isEmpty)
        #expect(file.book == PolicyBook())
    }

    @Test("Settings are read under `server`, and an error about one names its file and line")
    func settings() throws {
        let file = try file("# a comment\nserver:\n  listen: 127.0.0.1:1\n  max_breakers: 7\n  insecure: true\n")
        #expect(file.settings.values == [.listen: "127.0.0.1:1", .maximumBreakers: "7", .insecure: "true"])
        #expect(file.settings.name("listen") == "f.yaml:3: server.listen")
        #expect(file.settings.name("max_breakers") == "f.yaml:4: server.max_breakers")
    }

    @Test("A policy is a preset, fields, or fields over a preset; without a preset the fields change `default`")
    func policies() throws {
        let book = try file(
            """
            default:
              preset: flaky
              policy: {half_open_probes: 2}
            profiles:
              "payments:*": {policy: {failure_threshold: 3}}
              "search*": {preset: rate}
              "mail*": {preset: slow, policy: {failure_threshold: null, window_calls: 50}}
            breakers:
              payments:charge:
              ledger: {policy: {recovery_timeout_ms: 1e3}}
            """
        ).book
        let flaky = try Policy().applying(["recovery_timeout_ms": .integer(30_000), "half_open_probes": .integer(2)])
        #expect(book.default == flaky)
        #expect(book.policy(for: try name("other")).policy == flaky)
        #expect(
            book.policy(for: try name("payments:refund")).policy
                == (try flaky.applying(["failure_threshold": .integer(3)]))
        )
        #expect(book.policy(for: try name("searching")).policy == Preset.rate.policy)
        #expect(
            book.policy(for: try name("mail")).policy
                == (try Preset.slow.policy.applying(["failure_threshold": .null, "window_calls": .integer(50)]))
        )
        // A breaker that is listed has its own policy, whichever profile matches its name.
        #expect(book.policy(for: try name("payments:charge")) == (flaky, .config))
        #expect(
            book.policy(for: try name("ledger")).policy
                == (try flaky.applying(["recovery_timeout_ms": .integer(1_000)]))
        )
        #expect(book.breakers.keys.sorted() == [try name("ledger"), try name("payments:charge")])
    }

    @Test("A duration and a share may be written with their units")
    func units() throws {
        let policy = try file(
            """
            default:
              policy: {recovery_timeout_ms: 1h30m, recovery_timeout_max_ms: "2h", window_ms: 30s,
                failure_rate_threshold: 50%, slow_call_rate_threshold: 2.5 %, slow_call_ms: 250ms}
            """
        ).book.default
        #expect(policy.recoveryTimeoutMs == 5_400_000 && policy.recoveryTimeoutMaxMs == 7_200_000)
        #expect(policy.window == .time(ms: 30_000) && policy.slowCallMs == 250)
        #expect(policy.failureRateThreshold == 0.5 && policy.slowCallRateThreshold == 0.025)
    }

    @Test(
        "The most specific profile that matches a name applies, in any order of the file",
        arguments: [
            ("payments:eu:charge", "payments:eu:*"), ("payments:us:charge", "payments:*"), ("payments", "*"),
            ("payments:eu:x", "payments:eu:?"),
        ]
    )
    func profiles(name: String, pattern: String) throws {
        let book = try file(
            """
            profiles:
              "*": {policy: {failure_threshold: 1}}
              "payments:eu:?": {policy: {failure_threshold: 4}}
              "payments:*": {policy: {failure_threshold: 2}}
              "payments:eu:*": {policy: {failure_threshold: 3}}
            """
        ).book
        #expect(book.policy(for: try self.name(name)).source == .profile(pattern))
    }

    @Test("An alias takes the value of its anchor")
    func anchors() throws {
        let book = try file("default: &base\n  policy: {failure_threshold: 9}\nbreakers:\n  a: *base\n").book
        #expect(book.breakers[try name("a")]?.failureThreshold == 9)
    }

    @Test(
        "An error in the configuration file gives the file, the line and the field",
        arguments: [
            ("- a\n", "f.yaml:1: the file must be a mapping"),
            ("text\n", "f.yaml:1: the file must be a mapping"),
            ("\n\nsrever:\n", "f.yaml:3: srever is unknown; the known keys are breakers, default, profiles, server"),
            ("? [a]\n: b\n", "f.yaml:1: the file has a key that is not a string"),
            ("server: 5\n", "f.yaml:1: server must be a mapping"),
            (
                "server:\n  db: x\n  lisen: y\n",
                "f.yaml:3: server.lisen is unknown; "
                    + "the known keys are breakers_per_token, colour, db, default_tokens, hosts, insecure, listen, log_format, "
                    + "log_level, max_breakers, metrics_breakers, name, tls_cert, tls_client_ca, tls_key, tokens, workers_create"
            ),
            (
                "server: {config: other.yaml}\n",
                "f.yaml:1: server.config is unknown; "
                    + "the known keys are breakers_per_token, colour, db, default_tokens, hosts, insecure, listen, log_format, "
                    + "log_level, max_breakers, metrics_breakers, name, tls_cert, tls_client_ca, tls_key, tokens, workers_create"
            ),
            ("server:\n  listen: [a]\n", "f.yaml:2: server.listen must be a single value"),
            ("default: flaky\n", "f.yaml:1: default must be a mapping"),
            ("default:\n  polcy: {}\n", "f.yaml:2: default.polcy is unknown; the known keys are policy, preset"),
            ("default:\n  preset: fast\n", "f.yaml:2: default.preset must be default, flaky, slow, rate"),
            ("default:\n  preset: [slow]\n", "f.yaml:2: default.preset must be a single value"),
            ("default:\n  policy: 5\n", "f.yaml:2: default.policy must be a mapping"),
            (
                "default:\n  policy:\n    failure_treshold: 3\n",
                "f.yaml:3: default.policy.failure_treshold is not a field of a policy"
            ),
            (
                "profiles:\n  \"pay*\":\n    policy:\n      failure_threshold: 0\n",
                "f.yaml:4: profiles.pay*.policy.failure_threshold must be an integer from 1 to 10000, or null, not 0"
            ),
            (
                "breakers:\n  a: {policy: {failure_threshold: five}}\n",
                "f.yaml:2: breakers.a.policy.failure_threshold must be an integer from 1 to 10000, or null, not a string"
            ),
            (
                "breakers:\n  a: {policy: {failure_threshold: \"5\"}}\n",
                "f.yaml:2: breakers.a.policy.failure_threshold must be an integer from 1 to 10000, or null, not a string"
            ),
            (
                "default:\n  policy:\n    window_ms: 30x\n    failure_rate_threshold: half\n",
                "f.yaml:4: default.policy.failure_rate_threshold must be a number above 0 and at most 1, or null, "
                    + "not half; write a share such as 0.5, or a percentage such as 50%\n"
                    + "f.yaml:3: default.policy.window_ms must be an integer from 1000 to 3600000, or null, not 30x; "
                    + "write milliseconds, or a duration such as 30s or 1h30m"
            ),
            (
                "default:\n  policy:\n    failure_threshold: true\n",
                "f.yaml:3: default.policy.failure_threshold must be an integer from 1 to 10000, or null, "
                    + "not true or false"
            ),
            (
                "default:\n  policy:\n    failure_threshold: 99999999999999999999\n",
                "f.yaml:3: default.policy.failure_threshold must be an integer from 1 to 10000, or null, "
                    + "not 99999999999999999999"
            ),
            (
                "default:\n  policy:\n    failure_threshold: [1]\n",
                "f.yaml:3: default.policy.failure_threshold must be an integer from 1 to 10000, or null, not a list"
            ),
            (
                "default:\n  policy:\n    minimum_calls: 0\n    probe_lease_ms: 99\n",
                "f.yaml:3: default.policy.minimum_calls must be an integer from 1 to 1000000, or null, not 0\n"
                    + "f.yaml:4: default.policy.probe_lease_ms must be an integer from 100 to 300000, or null, not 99"
            ),
            (
                "default:\n  policy:\n    window_ms: 5000\n    window_calls: 5\n",
                "f.yaml:3: default.policy.window_ms must not be set together with window_calls\n"
                    + "f.yaml:4: default.policy.window_calls must not be set together with window_ms"
            ),
            (
                "default:\n  policy:\n    slow_call_rate_threshold: 0.5\n",
                "f.yaml:2: default.policy.slow_call_ms is required by slow_call_rate_threshold"
            ),
            (
                "profiles:\n  pay ments: {}\n",
                "f.yaml:2: profiles.pay ments is not a pattern: "
                    + "a pattern consists of *, ? and the characters of a name"
            ),
            ("breakers:\n  a*: {}\n", "f.yaml:2: breakers.a* is not a breaker's name"),
            ("breakers:\n  a: {}\n  -b: {}\n  c*: {}\n", "f.yaml:3: breakers.-b is not a breaker's name"),
            ("breakers:\n  a: {}\n  a: {}\n", "f.yaml:2: repeated key: a"),
            ("server: [\n", "f.yaml:2: invalid YAML: did not find expected node content"),
        ]
    )
    func faults(text: String, message: String) {
        do {
            _ = try file(text)
            Issue.record("it was taken: \(text)")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test("An error about a missing configuration file names the file")
    func absent() {
        do {
            _ = try ConfigurationFile(path: "/nowhere/f.yaml")
            Issue.record("it was read")
        } catch {
            #expect(error.description.hasPrefix("/nowhere/f.yaml cannot be read: "))
        }
    }

    @Test("A configuration file that every user may write is refused", arguments: [(0o664, false), (0o646, true)])
    func writable(mode: Int, isRefused: Bool) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path("f.yaml")
        try Data("server: { max_breakers: 7 }\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        do {
            let file = try ConfigurationFile(path: path)
            #expect(!isRefused)
            #expect(file.settings.values == [.maximumBreakers: "7"])
        } catch {
            #expect(isRefused, "\(error)")
            #expect(error.description.contains("run: chmod o-w \(path)"))
        }
    }
}
