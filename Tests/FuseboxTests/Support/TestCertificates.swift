import Crypto
import Foundation
import SwiftASN1
import TestSupport
import X509

/// A certificate authority for tests, which signs certificates and writes them to a folder.
struct TestAuthority {
    /// The path of its certificate.
    let path: String
    private let folder: TemporaryFolder
    private let key = P256.Signing.PrivateKey()
    private let name: DistinguishedName

    init(_ commonName: String = "authority", in folder: TemporaryFolder) throws {
        self.folder = folder
        path = folder.path(commonName + ".pem")
        name = try DistinguishedName { CommonName(commonName) }
        let own = try Self.certificate(of: key, name, signedBy: key, name) {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        }
        try Data(try own.serializeAsPEM().pemString.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// Writes a certificate for `localhost` and 127.0.0.1, and its key.
    func issue(_ commonName: String) throws -> (certificate: String, key: String) {
        let leaf = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName(commonName) }
        let certificate = try Self.certificate(of: leaf, subject, signedBy: key, name) {
            SubjectAlternativeNames([
                .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
            ])
        }
        let paths = (certificate: folder.path(commonName + ".cert.pem"), key: folder.path(commonName + ".key.pem"))
        try Data(try certificate.serializeAsPEM().pemString.utf8).write(to: URL(fileURLWithPath: paths.certificate))
        try Data(leaf.pemRepresentation.utf8).write(to: URL(fileURLWithPath: paths.key))
        return paths
    }

    private static func certificate(
        of key: P256.Signing.PrivateKey,
        _ subject: DistinguishedName,
        signedBy issuerKey: P256.Signing.PrivateKey,
        _ issuer: DistinguishedName,
        @ExtensionsBuilder extensions: () throws -> Result<Certificate.Extensions, any Error>
    ) throws -> Certificate {
        try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -3_600),
            notValidAfter: Date(timeIntervalSinceNow: 86_400),
            issuer: issuer,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions(builder: extensions),
            issuerPrivateKey: Certificate.PrivateKey(issuerKey)
        )
    }
}
