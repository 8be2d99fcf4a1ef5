import AsyncHTTPClient
import BreakerClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// The PEM files with which a command verifies the server and authenticates itself.
struct ClientTLS: Hashable {
    /// The certificate authorities that verify the server's certificate; `nil` for those of the system.
    var caFile: String?
    /// The client's own certificate and its key, for servers that require one.
    var certificateFile: String?
    var keyFile: String?

    /// - Returns: `nil` if no file is set.
    /// - Throws: ``SettingsError`` if a file cannot be read.
    func configuration() throws(SettingsError) -> TLSConfiguration? {
        guard self != ClientTLS() else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let caFile {
            let authorities = try Self.read(caFile) { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(authorities)
        }
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw SettingsError(description: "a client certificate needs both --cert-file and --key-file")
        }
        if let certificateFile, let keyFile {
            let chain = try Self.read(certificateFile) { try NIOSSLCertificate.fromPEMFile($0) }
            let key = try Self.read(keyFile) { try NIOSSLPrivateKey(file: $0, format: .pem) }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(key)
        }
        return configuration
    }

    private static func read<Value>(
        _ path: String,
        _ body: (String) throws -> Value
    ) throws(SettingsError) -> Value {
        do {
            return try body(NSString(string: path).expandingTildeInPath)
        } catch {
            throw SettingsError(description: "\(path) cannot be read as PEM: \(error)")
        }
    }
}

extension HTTPClient {
    /// Keeps HTTP clients for the life of the process: releasing one without a shutdown crashes the process.
    private static let kept = NIOLockedValueBox<[HTTPClient]>([])

    /// - Parameter silence: how long the server may be silent; `nil` for no limit.
    static func forFusebox(tls: TLSConfiguration?, silence: TimeAmount? = nil) -> HTTPClient {
        guard tls != nil || silence != nil else { return FuseboxClient.sharedHTTP }
        var configuration = FuseboxClient.httpConfiguration
        configuration.tlsConfiguration = tls
        if let silence { configuration.timeout = .init(connect: silence, read: silence) }
        let client = HTTPClient(configuration: configuration)
        kept.withLockedValue { $0.append(client) }
        return client
    }
}
