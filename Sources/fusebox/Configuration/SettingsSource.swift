import BreakerText

/// A source of settings, and the names of the settings in it.
struct SettingsSource {
    var name: (String) -> String
    var values: [Settings.Key: String]

    init(name: @escaping (String) -> String, values: [Settings.Key: String]) {
        self.name = name
        self.values = values
    }

    init(environment: [String: String]) {
        func variable(_ name: String) -> String { "FUSEBOX_" + name.uppercased() }
        let values = Settings.Key.allCases.compactMap { key in
            environment[variable(key.rawValue)].flatMap { $0.isEmpty && !key.isSecurity ? nil : (key, $0) }
        }
        self.init(name: variable, values: Dictionary(uniqueKeysWithValues: values))
    }

    /// The value of a setting; `nil` if the source does not set it.
    subscript(key: Settings.Key) -> SettingValue? {
        values[key].map { SettingValue(name: name(key.rawValue), text: $0) }
    }
}

/// The value of a setting as it is written in its source.
struct SettingValue {
    /// The name of the setting in the source.
    let name: String
    let text: String

    private func invalid(_ expected: String) -> SettingsError {
        SettingsError(description: "\(name) must be \(expected), not \"\(text)\"")
    }

    func listenAddress() throws(SettingsError) -> ListenAddress {
        do { return try ListenAddress(text) } catch { throw invalid("host:port") }
    }

    /// A path. It must not be empty: without tokens or TLS, the server would silently be less secure.
    func path(_ expected: String) throws(SettingsError) -> String {
        guard !text.isEmpty else { throw invalid(expected) }
        return text
    }

    /// A name that fits into a prompt and into the header of the page.
    func serverName() throws(SettingsError) -> String {
        let isBlank = text.allSatisfy(\.isWhitespace)
        guard !isBlank, text.count <= Self.longestName, text.printable == text else {
            throw invalid("1 to \(Self.longestName) printable characters")
        }
        return text
    }

    private static let longestName = 40

    func flag() throws(SettingsError) -> Bool {
        guard let flag = Bool(text) else { throw invalid("true or false") }
        return flag
    }

    func count(in range: ClosedRange<Int>) throws(SettingsError) -> Int {
        guard let count = Int(text), range.contains(count) else {
            throw invalid("\(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    func choice<Choice: RawRepresentable<String>>(_ expected: String) throws(SettingsError) -> Choice {
        guard let choice = Choice(rawValue: text) else { throw invalid(expected) }
        return choice
    }

    func hostNames() throws(SettingsError) -> [String] {
        let names = text.split(separator: ",").map { $0.filter { $0 != " " } }
        guard names.allSatisfy({ !$0.isEmpty && !$0.contains(":") && !$0.contains("/") }) else {
            throw invalid("host names without ports, separated by commas")
        }
        return names
    }
}

/// The error of a missing or invalid setting.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    var description: String
}
