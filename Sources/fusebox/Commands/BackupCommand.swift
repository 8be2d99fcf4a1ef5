import ArgumentParser
import AsyncHTTPClient
import BreakerClient
import BreakerSQLite
import BreakerText
import Crypto
import Foundation
import NIOCore
import NIOHTTP1

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the database of a running server to a new file.",
        usage: "fusebox backup <destination>",
        discussion: """
            The server makes a consistent copy and sends it. The file appears under its name only when it is complete, \
            synced and checked. If the server has tokens, the command needs the token of an operator without a prefix.
            """
    )

    @Argument(help: "The file to create; it must not exist.")
    var destination: String

    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: destination) else {
            throw ServerFailure(description: "\(destination) already exists; choose another path")
        }
        if let ending = DatabaseParts.endings.first(where: destination.hasSuffix) {
            throw ServerFailure(
                description: """
                    \(destination) ends with \(ending), which SQLite uses for parts of a database; choose another path
                    """
            )
        }
        let bytes = try await SignalledTask.run(backUp)
        try Output.line("\(destination): \(bytes) bytes, complete and checked".printable)
    }

    /// - Returns: the size of the backup in bytes.
    private func backUp() async throws -> Int {
        let address = try server.address()
        let response = try await address.reached { try await address.client.backUp() }
        do {
            let file = try TemporaryFile(for: destination)
            defer { file.discard() }
            let bytes = try await receive(response, into: file.handle)
            try DatabaseCheck.check(file.path)
            try file.publish()
            return bytes
        } catch let error as POSIXError {
            throw ServerFailure(description: "\(destination) cannot be created: \(error.localizedDescription)")
        }
    }

    private func receive(_ response: HTTPClientResponse, into file: FileHandle) async throws -> Int {
        var digest = SHA256()
        var bytes = 0
        for try await chunk in response.body {
            let data = Data(chunk.readableBytesView)
            try file.write(contentsOf: data)
            digest.update(data: data)
            bytes += data.count
        }
        let received = "sha-256=:\(Data(digest.finalize()).base64EncodedString()):"
        guard response.headers.first(name: "repr-digest") == received else {
            throw ServerFailure(description: "the received backup does not match the server's digest; try again")
        }
        return bytes
    }
}
