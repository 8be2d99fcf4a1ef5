import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

extension OperatorClient {
    /// Reads an answer of JSON lines until it ends.
    ///
    /// - Parameter take: gets each line without its line break; returns `false` to stop.
    /// - Throws: the errors of ``send(_:_:_:body:within:)``, and those of `take` unchanged.
    func lines(_ path: String, _ query: Query = [], take: (Data) async throws -> Bool) async throws {
        let response = try await address.reached {
            try await execute(.GET, path, query, headers: [("accept", "application/x-ndjson")])
        }
        var bytes = response.body.makeAsyncIterator()
        var begun = ByteBuffer()
        while var buffer = try await address.reached({ try await bytes.next() }) {
            begun.writeBuffer(&buffer)
            while let end = begun.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = begun.readData(length: end - begun.readerIndex) ?? Data()
                begun.moveReaderIndex(forwardBy: 1)
                guard try await take(line) else { return }
            }
            guard begun.readableBytes <= Self.maximumBody else {
                throw ServerFailure(description: "the answer of \(address.url)\(path) is not a list of lines")
            }
            begun.discardReadBytes()
        }
        guard begun.readableBytes == 0 else {
            throw ServerFailure(description: "\(address.url) closed the connection within a line", isUnreachable: true)
        }
    }
}
