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

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Replace the database of a stopped server with a backup.",
        usage: "fusebox restore <backup> --db <db>",
        discussion: """
            The command refuses to run while a server uses the database. It copies the backup into the folder of the \
            database, checks the copy, and then puts it in place of the database. It keeps the previous database under \
            another name, with its write-ahead log, and leaves the backup unchanged. Run it as the user of the server.

            Example: fusebox restore copy.db --db fusebox.db
            """
    )

    @Argument(help: "The file that `fusebox backup` has made.")
    var backup: String

    @Option(help: "The database file of the server. It need not exist.")
    var db: String

    func run() throws {
        try checkBackup()
        let database = try StoppedDatabase(db)
        let copy = try copied(beside: database.path)
        defer { copy.discard() }
        let previous = database.exists ? try setAside(database, for: copy) : nil
        do {
            try copy.publish()
        } catch {
            let rest = previous.map { "; rename the previous database back: \($0), and the files that belong to it" }
            throw RestoreFailure(
                description: "\(database.path) cannot be created: \(error.localizedDescription)\(rest ?? "")"
            )
        }
        try Output.line("\(database.path) is a complete, checked copy of \(backup).".printable)
        if let previous {
            try Output.line(
                """
                The previous database is \(previous). Files with this name and an ending such as -wal belong to it.
                """.printable
            )
        }
        try Output.line("Start the server. Users of the dashboard have to sign in again.")
    }

    private func checkBackup() throws {
        guard let status = FileStatus(path: backup) else {
            throw RestoreFailure(
                description: "\(backup) cannot be read: \(POSIXError.last.localizedDescription); choose another backup"
            )
        }
        try status.requireRegularFile()
        if let database = FileStatus(path: db), status.isSameFile(as: database) {
            throw RestoreFailure(description: "\(backup) is the database itself; give the path of a backup")
        }
        guard FileStatus(path: backup + "-wal").map({ $0.length == 0 }) ?? true else {
            throw RestoreFailure(
                description: """
                    \(backup) has a write-ahead log, so the file alone is not complete; start a server with both \
                    files, and make a backup with fusebox backup
                    """
            )
        }
    }

    /// A checked copy of the backup in the folder of the database, under a random name.
    private func copied(beside path: String) throws -> TemporaryFile {
        let file: TemporaryFile
        do {
            file = try TemporaryFile(for: path)
        } catch {
            throw RestoreFailure(description: "no file can be created beside \(path): \(error.localizedDescription)")
        }
        do {
            try copyBytes(to: file.handle)
            try RestoredCopy.prepare(file.path, of: backup)
            try synchronize(file)
        } catch {
            file.discard()
            throw error
        }
        return file
    }

    private func copyBytes(to file: FileHandle) throws {
        do {
            let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: backup))
            while let bytes = try source.read(upToCount: 1 << 20), !bytes.isEmpty { try file.write(contentsOf: bytes) }
        } catch {
            throw RestoreFailure(description: "\(backup) cannot be copied: \(error.localizedDescription)")
        }
    }

    /// Brings the copy to the disk, which may take long or fail, while the database still has its name. Otherwise a
    /// power failure could leave no database, and the next server would create an empty one.
    private func synchronize(_ file: TemporaryFile) throws {
        do {
            try file.handle.synchronize()
        } catch {
            throw RestoreFailure(description: "\(file.path) cannot be written: \(error.localizedDescription)")
        }
    }

    /// Gives the database another name, and its owner to the copy.
    /// - Returns: the other path of the database.
    private func setAside(_ database: StoppedDatabase, for copy: TemporaryFile) throws -> String {
        do {
            try copy.takeOwner(of: database.path)
        } catch {
            throw RestoreFailure(
                description: "\(database.path) belongs to another user; run the command as this user, or as root"
            )
        }
        let time = Date.now.formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        return try database.setAside(with: ".before-restore-\(time)")
    }
}

/// The reason why a backup was not restored.
struct RestoreFailure: Error, CustomStringConvertible {
    var description: String
}
