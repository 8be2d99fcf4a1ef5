import Foundation
import NIOConcurrencyHelpers

/// The worker processes of the demo.
final class DemoCrew: Sendable {
    private let processes: [Process]
    private let tallies = NIOLockedValueBox<[Int: DemoTally]>([:])

    init(count: Int, fusebox: String, downstream: String) throws {
        let executable = try Self.executable()
        processes = (1...count).map { number in
            let process = Process()
            process.executableURL = executable
            process.arguments = [
                "demo-worker", "--fusebox", fusebox, "--downstream", downstream, "--reporter", "checkout-\(number)",
            ]
            process.standardInput = FileHandle.nullDevice
            return process
        }
        for (index, process) in processes.enumerated() {
            let pipe = Pipe()
            process.standardOutput = pipe
            pipe.fileHandleForReading.readabilityHandler = { [tallies] handle in
                // Each line is the sum so far, so only the last whole line matters.
                let lines = String(decoding: handle.availableData, as: UTF8.self).split(separator: "\n")
                guard let tally = lines.last.flatMap({ DemoTally(line: $0) }) else { return }
                tallies.withLockedValue { $0[index] = tally }
            }
            try process.run()
        }
    }

    /// The sum of all workers' counts.
    var tally: DemoTally { tallies.withLockedValue { $0.values.reduce(DemoTally(), +) } }

    func dismiss() {
        for process in processes where process.isRunning { process.terminate() }
        for process in processes { process.waitUntilExit() }
    }

    private static func executable() throws -> URL {
        if let url = Bundle.main.executableURL { return url }
        throw SettingsError(description: "the path of this program cannot be found")
    }
}
