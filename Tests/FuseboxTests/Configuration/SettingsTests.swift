import BreakerAPI
import EngineSupport
import Foundation
import Logging
import TestSupport
import Testing

@testable import fusebox

@Suite struct SettingsTests {
    /// - Parameter file: the text of the configuration file that `--config` names.
    private func resolve(
        options: [Settings.Key: String] = [:],
        environment: [String: String] = [:],
        file: String? = nil
    ) throws -> Settings {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var options = options
        if let file {
            try Data(file.utf8).write(to: URL(fileURLWithPath: folder.path).appendingPathComponent("f.yaml"))
            options[.config] = folder.path("f.yaml")
        }
        return try Settings.resolve(
            options: SettingsSource(name: { "--" + $0 }, values: options),
            environment: environment
        )
    }

    @Test("By default the server accepts connections only from this machine")
    func defaults() throws {
        let settings = try resolve()
        #expect(settings.listen.description == "127.0.0.1:7979")
        #expect(settings.databasePath == "./fusebox.db")
        #expect(settings.tokensPath == nil)
        #expect(!settings.insecure)
        #expect(settings.logLevel == .info)
        #expect(settings.logFormat == .text)
        #expect(settings.maximumBreakers == 10_000)
        #expect(settings.breakersPerToken == nil)
        #expect(settings.mayWorkersCreate)
    }

    @Test("An option takes precedence over the environment, the environment over the file, the file over the default")
    func precedence() throws {
        let file = "server: {db: file.db, log_level: error, max_breakers: 3}\n"
        #expect(try resolve(file: file).databasePath == "file.db")
        let environment = ["FUSEBOX_DB": "environment.db", "FUSEBOX_LOG_LEVEL": "debug"]
        #expect(try resolve(environment: environment, file: file).databasePath == "environment.db")
        let settings = try resolve(options: [.db: "option.db"], environment: environment, file: file)
        #expect(settings.databasePath == "option.db")
        #expect(settings.logLevel == .debug)
        #expect(settings.maximumBreakers == 3)
    }

    @Test("Every setting can come from the environment, and an empty variable is ignored")
    func environment() throws {
        let settings = try resolve(
            environment: [
                "FUSEBOX_NAME": "production", "FUSEBOX_COLOUR": "red",
                "FUSEBOX_LISTEN": "0.0.0.0:1", "FUSEBOX_DB": "a.db", "FUSEBOX_TOKENS": "tokens",
                "FUSEBOX_INSECURE": "true", "FUSEBOX_LOG_LEVEL": "trace", "FUSEBOX_LOG_FORMAT": "json",
                "FUSEBOX_MAX_BREAKERS": "5", "FUSEBOX_METRICS_BREAKERS": "0",
                "FUSEBOX_BREAKERS_PER_TOKEN": "4", "FUSEBOX_WORKERS_CREATE": "false",
                "FUSEBOX_HOSTS": "fusebox.example, f.example",
                "FUSEBOX_CONFIG": "", "FUSEBOX_UNHEARD_OF": "x",
            ]
        )
        #expect(settings.label == ServerLabel(name: "production", colour: .red))
        #expect(settings.listen == ListenAddress(host: "0.0.0.0", port: 1))
        #expect(settings.databasePath == "a.db")
        #expect(settings.tokensPath == "tokens")
        #expect(settings.insecure)
        #expect(settings.logLevel == .trace)
        #expect(settings.logFormat == .json)
        #expect(settings.maximumBreakers == 5)
        #expect(settings.metricsBreakers == 0)
        #expect(settings.breakersPerToken == 4)
        #expect(!settings.mayWorkersCreate)
        #expect(settings.hosts == ["fusebox.example", "f.example"])
    }

    @Test(
        "An invalid value is reported with the name of its option, variable or field",
        arguments: [
            (Settings.Key.listen, "nowhere", "host:port"), (.listen, "", "host:port"), (.db, "", "a path"),
            (.name, " ", "1 to 40 printable characters"),
            (.name, String(repeating: "x", count: 41), "1 to 40 printable characters"),
            (.colour, "pink", "red, amber, green, blue, violet or grey"),
            (.insecure, "yes", "true or false"),
            (.hosts, "a.example:80", "host names without ports, separated by commas"),
            (.logLevel, "loud", "trace, debug, info, notice, warning, error, critical"),
            (.logFormat, "xml", "text or json"), (.maximumBreakers, "0", "1 to 1000000"),
            (.metricsBreakers, "-1", "0 to 1000000"), (.metricsBreakers, "1000001", "0 to 1000000"),
            (.breakersPerToken, "0", "1 to 1000000"), (.breakersPerToken, "1000001", "1 to 1000000"),
            (.mayWorkersCreate, "no", "true or false"),
            (.maximumBreakers, "1000001", "1 to 1000000"), (.maximumBreakers, "many", "1 to 1000000"),
        ]
    )
    func wrong(key: Settings.Key, value: String, expected: String) throws {
        let complaint = "must be \(expected), not \"\(value)\""
        #expect(throws: SettingsError(description: "--\(key.rawValue) \(complaint)")) {
            try resolve(options: [key: value])
        }
        if !value.isEmpty {
            let variable = "FUSEBOX_\(key.rawValue.uppercased())"
            #expect(throws: SettingsError(description: "\(variable) \(complaint)")) {
                try resolve(environment: [variable: value])
            }
        }
        do {
            _ = try resolve(file: "server:\n  \(key.rawValue): \"\(value)\"\n")
            Issue.record("it was taken from the file")
        } catch {
            #expect("\(error)".hasSuffix("f.yaml:2: server.\(key.rawValue) \(complaint)"))
        }
    }

    @Test("A name may have 40 characters, and each colour is accepted", arguments: ServerColour.allCases)
    func label(colour: ServerColour) throws {
        let name = String(repeating: "é", count: 40)
        let settings = try resolve(options: [.name: name, .colour: colour.rawValue])
        #expect(settings.label == ServerLabel(name: name, colour: colour))
    }

    @Test(
        "A name may be neither empty nor contain characters that control a terminal",
        arguments: ["a\u{1b}[2J", "a\nb", "\u{202e}a", ""]
    )
    func unprintableName(name: String) throws {
        #expect(throws: SettingsError(description: "--name must be 1 to 40 printable characters, not \"\(name)\"")) {
            try resolve(options: [.name: name])
        }
    }

    @Test("The same one of several invalid values is reported each time")
    func firstOfMany() throws {
        for _ in 0..<20 {
            do {
                _ = try resolve(file: "server:\n  log_level: loud\n  listen: nowhere\n  max_breakers: 0\n")
                Issue.record("it was taken")
            } catch {
                #expect("\(error)".contains("f.yaml:3: server.listen"))
            }
        }
    }

    @Test("An empty path of the tokens file is an error that names the setting")
    func emptyTokens() throws {
        let expected = #"tokens must be the path of a tokens file, not """#
        let option = #expect(throws: SettingsError.self) { try resolve(options: [.tokens: ""]) }
        #expect(option?.description == "--" + expected)
        let variable = #expect(throws: SettingsError.self) { try resolve(environment: ["FUSEBOX_TOKENS": ""]) }
        #expect(variable?.description == "FUSEBOX_" + expected.replacing("tokens must", with: "TOKENS must"))
        let file = #expect(throws: SettingsError.self) { try resolve(file: "server:\n  tokens: ''") }
        #expect(file?.description.hasSuffix("f.yaml:2: server." + expected) == true)
    }

    @Test(
        "A server on a public address requires tokens or --insecure",
        arguments: [
            ("127.0.0.1:1", nil, false, true), ("0.0.0.0:1", nil, false, false), ("0.0.0.0:1", "tokens", false, true),
            ("0.0.0.0:1", nil, true, true), ("[::]:1", nil, false, false), ("[::1]:1", nil, false, true),
        ] as [(String, String?, Bool, Bool)]
    )
    func exposure(listen: String, tokens: String?, insecure: Bool, isAllowed: Bool) throws {
        var options: [Settings.Key: String] = [.listen: listen, .insecure: String(insecure)]
        if let tokens { options[.tokens] = tokens }
        if isAllowed {
            #expect(try resolve(options: options).listen.description == listen)
        } else {
            #expect(throws: SettingsError.self) { try resolve(options: options) }
        }
    }
}

@Suite struct ListenAddressTests {
    @Test(
        "A listen address is a host and a port, with an IPv6 host in brackets",
        arguments: [
            ("127.0.0.1:7979", "127.0.0.1", 7979), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0),
            ("0.0.0.0:65535", "0.0.0.0", 65_535), ("fuse.example:1", "fuse.example", 1), ("[::]:7979", "::", 7979),
        ]
    )
    func good(text: String, host: String, port: Int) throws {
        let address = try ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(
        "A listen address without a valid host and port is refused",
        arguments: [
            "", ":", "7979", ":7979", "localhost", "localhost:", "localhost:x", "localhost:-1", "localhost:65536",
            "localhost:+80", "::1:80", "[::1]", "[]:80", "[::1:80", "::1]:80", "local host:80", "http://localhost:80",
            "[127.0.0.1]:80", "localhost/a:80",
        ]
    )
    func bad(text: String) {
        #expect(throws: ListenAddress.Malformed.self) { try ListenAddress(text) }
    }

    @Test(
        "A listen address needs no tokens only if no other machine can reach it",
        arguments: [
            ("127.0.0.1", true), ("127.8.9.10", true), ("localhost", true), ("::1", true), ("0.0.0.0", false),
            ("::", false), ("10.0.0.1", false), ("128.0.0.1", false), ("127.evil.example", false), ("127.0.0", false),
            ("127.0.0.1.example", false), ("127.0.0.256", false), ("localhost.example", false),
        ]
    )
    func loopback(host: String, isLoopback: Bool) {
        #expect(ListenAddress(host: host, port: 1).isLoopback == isLoopback)
    }

    @Test(
        "A server that listens on all addresses is reached through the loopback address",
        arguments: [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.1", "10.0.0.1")]
    )
    func reachable(host: String, reachable: String) {
        #expect(ListenAddress(host: host, port: 1).reachable == ListenAddress(host: reachable, port: 1))
    }
}
