import ArgumentParser

/// An earlier name of ``ForceOpenCommand``.
struct OpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "open", shouldDisplay: false)

    @OptionGroup var order: OverrideOrder

    func run() async throws {
        EarlierName.remark("open", of: "force-open")
        try await order.set("force_open")
    }
}

/// An earlier name of ``ForceClosedCommand``.
struct CloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "close", shouldDisplay: false)

    @OptionGroup var order: OverrideOrder

    func run() async throws {
        EarlierName.remark("close", of: "force-closed")
        try await order.set("force_closed")
    }
}

/// An earlier name of ``ClearCommand``.
struct AutoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "auto", shouldDisplay: false)

    @OptionGroup var order: ClearOrder

    func run() async throws {
        EarlierName.remark("auto", of: "clear")
        try await order.clear()
    }
}

/// The remark about an earlier name. Scripts that use the name keep working.
private enum EarlierName {
    static func remark(_ name: String, of command: String) {
        Output.remark("fusebox \(name) is an earlier name of fusebox \(command)")
    }
}
