import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// The certificate that the server presents, and the authorities whose client certificates it accepts. A connection
/// takes the files that were read last, so the files can be replaced while the server runs.
package final class ServerTLS: Sendable {
    /// Paths of PEM files.
    package struct Files: Hashable, Sendable {
        /// The server's certificate, followed by its intermediate certificates.
        package var certificate: String
        /// The private key of the certificate.
        package var key: String
        /// The authorities that sign client certificates; `nil` where clients need no certificate.
        package var clientCA: String?

        package init(certificate: String, key: String, clientCA: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientCA = clientCA
        }
    }

    /// A file cannot be read, or the files do not fit together.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let files: Files
    private let context: NIOLockedValueBox<NIOSSLContext>

    package init(_ files: Files) throws(Failure) {
        self.files = files
        context = NIOLockedValueBox(try Self.context(of: files))
    }

    /// Reads the files again. After an error the server keeps the old files. Established connections always keep theirs.
    package func reload() throws(Failure) {
        let context = try Self.context(of: files)
        self.context.withLockedValue { $0 = context }
    }

    func handler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context.withLockedValue { $0 })
    }

    /// The common name of the certificate that the client has shown and TLS has verified.
    ///
    /// - Returns: `nil` where there is no certificate; where it has expired since the beginning of the TLS session that
    ///   the client resumes; and where its subject does not have exactly one common name that can be a token's. Such a
    ///   name is ASCII, so no two spellings of it are equal.
    static func clientName(_ pipeline: ChannelPipeline.SynchronousOperations) -> String? {
        guard let handler = try? pipeline.handler(type: NIOSSLServerHandler.self),
            let bytes = try? handler.peerCertificate?.toDERBytes(),
            let certificate = try? Certificate(derEncoded: bytes), certificate.notValidAfter > Date()
        else { return nil }
        let names = certificate.subject.joined().filter { $0.type == .RDNAttributeType.commonName }
        guard names.count == 1, let name = String(names[0].value), TokenFile.isName(name) else { return nil }
        return name
    }

    /// The time that a connection which is closed both ways waits for the client to confirm it.
    private static let shutdownTimeout = TimeAmount.seconds(1)

    private static func context(of files: Files) throws(Failure) -> NIOSSLContext {
        let chain = try read(files.certificate, as: "a certificate") { try NIOSSLCertificate.fromPEMFile($0) }
        let key = try read(files.key, as: "a private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = shutdownTimeout
        if let path = files.clientCA {
            let authorities = try read(path, as: "a certificate") { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(authorities)
            // On a server this means: a client without a valid certificate is refused.
            configuration.certificateVerification = .noHostnameVerification
            configuration.sendCANameList = true
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure(description: "\(files.key) is not the key of \(files.certificate): \(error)")
        }
    }

    private static func read<Value>(
        _ path: String,
        as kind: String,
        _ body: (String) throws -> Value
    ) throws(Failure) -> Value {
        do {
            return try body(path)
        } catch {
            throw Failure(description: "\(path) cannot be read as \(kind) in PEM format: \(error)")
        }
    }
}

extension BoringSSLError {
    /// Whether the server has refused the client's certificate, or the client has shown none.
    var isRefusalOfCertificate: Bool {
        guard case .sslError(let stack) = self else { return false }
        // NIO gives BoringSSL's reason only as text. The reasons of a client that refuses the server differ from these.
        let reasons = ["CERTIFICATE_VERIFY_FAILED", "PEER_DID_NOT_RETURN_A_CERTIFICATE", "BAD_SIGNATURE"]
        return stack.contains { error in reasons.contains { error.description.contains($0) } }
    }
}
