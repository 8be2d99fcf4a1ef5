import HTTPTypes
import Hummingbird
import NIOCore
import StaticAnswer

/// Answers one route with a static answer, using an unmodified Hummingbird. The date is Hummingbird's own.
@main
struct HummingbirdLimit {
    static func main() async throws {
        let router = Router()
        router.post("/v1/breakers/:name/acquire") { _, _ in
            Response(
                status: .ok,
                headers: [
                    .contentType: StaticAnswer.contentType,
                    .cacheControl: StaticAnswer.cacheControl,
                    .requestID: StaticAnswer.requestID,
                ],
                body: ResponseBody(byteBuffer: ByteBuffer(string: StaticAnswer.body))
            )
        }
        let port = StaticAnswer.port(of: CommandLine.arguments)
        try await Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port))
        ).runService()
    }
}

extension HTTPField.Name {
    fileprivate static let requestID = Self("x-request-id")!
}
