import HTTPTypes
import NIOCore
import NIOHTTP1

/// Makes the bytes of answers that do not come from the router. They match the router's answers byte for byte.
struct AnswerWriter {
    private var date = HTTPDate()
    private var requestIDs = RequestID.Sequence()

    /// - Parameter requestID: the `x-request-id` that the client gave.
    mutating func bytes(
        of answer: Answer,
        requestID: String?,
        _ persistence: Persistence,
        _ allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: Self.headBytes + answer.body.count)
        if answer.status == .ok {
            buffer.writeStaticString("HTTP/1.1 200 OK")
        } else {
            // The encoder's reason phrase for the code, as in the router's answers.
            let status = HTTPResponseStatus(statusCode: answer.status.code)
            buffer.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)")
        }
        for field in answer.fields {
            buffer.writeStaticString("\r\n")
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
        }
        if let seconds = answer.retryAfterSeconds {
            buffer.writeStaticString("\r\nRetry-After: ")
            buffer.writeString(String(seconds))
        }
        buffer.writeStaticString("\r\nContent-Length: ")
        buffer.writeString(String(answer.body.count))
        buffer.writeStaticString("\r\nx-request-id: ")
        if let requestID, RequestID.isEchoed(requestID) {
            buffer.writeString(requestID)
        } else {
            buffer.writeString(requestIDs.next())
        }
        buffer.writeStaticString("\r\nX-Content-Type-Options: nosniff\r\nDate: ")
        buffer.writeString(date.text(at: HTTPDate.now()))
        if let field = persistence.field, answer.fields[.connection] == nil {
            buffer.writeStaticString("\r\nconnection: ")
            buffer.writeString(field)
        }
        buffer.writeStaticString("\r\n\r\n")
        buffer.writeBytes(answer.body)
        return buffer
    }

    /// Enough for the server's head with a request id of usual length.
    private static let headBytes = 288
}
