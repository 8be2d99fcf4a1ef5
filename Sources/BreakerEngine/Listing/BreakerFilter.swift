package import BreakerCore

/// The condition for the breakers of a list.
package struct BreakerFilter: Hashable, Sendable {
    package var state: State?
    package var prefix = ""
    package var override: OverrideFilter?
    /// A part of the name, in lower case. It matches without regard to case.
    package private(set) var part: [UInt8] = []

    package enum OverrideFilter: Hashable, Sendable {
        case any
        case none
        case mode(Override.Mode)
    }

    package init(state: State? = nil, prefix: String = "", override: OverrideFilter? = nil, part: String = "") {
        self.state = state
        self.prefix = prefix
        self.override = override
        self.part = part.utf8.map(Self.lowercased)
    }

    /// Whether the filter admits the name. The prefix is not checked.
    func admits(_ name: BreakerName) -> Bool {
        guard !part.isEmpty else { return true }
        let bytes = name.value.utf8.map(Self.lowercased)
        guard bytes.count >= part.count else { return false }
        return (0...bytes.count - part.count).contains { bytes[$0..<$0 + part.count].elementsEqual(part) }
    }

    func admits(_ state: State, _ mode: Override.Mode?) -> Bool {
        if let wanted = self.state, state != wanted { return false }
        return switch override {
        case nil: true
        case .any?: mode != nil
        case Optional.some(.none): mode == nil
        case .mode(let wanted)?: mode == wanted
        }
    }

    /// Names are ASCII.
    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}
