import ArgumentParser
import BreakerAPI

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print("fusebox \(BuildVersion.current)")
    }
}
