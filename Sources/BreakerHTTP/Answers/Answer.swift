import BreakerAPI
import BreakerCore
import HTTPTypes
import NIOCore
import NIOHTTP1
import Platform

/// A complete answer, which the lane or the router sends.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    /// The value of `retry-after`, which follows ``fields``. It is separate, because most answers share their fields.
    var retryAfterSeconds: Int64?
    var body: [UInt8]
    /// The head is that of ``decision(_:)``, which is written without a look at ``fields``.
    private(set) var hasDecisionHead = false

    init(status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON document.
    static func json(_ document: some Document, status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status: status, fields: [.contentType: "application/json"], body: document.bytes)
    }

    /// An answer with a decision. It is valid for one call, so it must not be cached.
    static func decision(_ body: [UInt8]) -> Answer {
        var answer = Answer(fields: decisionFields, body: body)
        answer.hasDecisionHead = true
        return answer
    }

    private static let decisionFields: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]

    init(_ problem: Problem) {
        fields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        status = HTTPResponse.Status(code: problem.status)
        body = problem.document.bytes
        switch problem.code {
        case .overloaded, .storageUnavailable, .outcomeUnknown, .shuttingDown:
            retryAfterSeconds = 1
        case .unauthorized: fields[.wwwAuthenticate] = "Bearer realm=\"fusebox\""
        case .requestTimeout, .bodyTooLarge, .malformedRequest, .headersTooLarge:
            // The rest of the request may never arrive.
            fields[.connection] = "close"
        default: break
        }
        if let seconds = problem.retryAfterSeconds { retryAfterSeconds = seconds }
        if let allow = problem.allow { fields[.allow] = allow }
    }
}

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
        var head: [UInt8] = []
        head.reserveCapacity(Self.headBytes)
        if answer.hasDecisionHead {
            head.append("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store")
        } else {
            // The encoder's reason phrase for the code, as in the router's answers.
            let status = HTTPResponseStatus(statusCode: answer.status.code)
            head.append("HTTP/1.1 ", Int64(status.code))
            head.append(" ")
            head.append(contentsOf: status.reasonPhrase.utf8)
            for field in answer.fields {
                head.append("\r\n")
                head.append(contentsOf: field.name.rawName.utf8)
                head.append(": ")
                head.append(contentsOf: field.value.utf8)
            }
        }
        if let seconds = answer.retryAfterSeconds { head.append("\r\nRetry-After: ", seconds) }
        head.append("\r\nContent-Length: ", Int64(answer.body.count))
        head.append("\r\nx-request-id: ")
        if let requestID, RequestID.isEchoed(requestID) {
            head.append(contentsOf: requestID.utf8)
        } else {
            requestIDs.appendNext(to: &head)
        }
        head.append("\r\nX-Content-Type-Options: nosniff\r\nDate: ")
        head.append(contentsOf: date.text(at: HTTPDate.now()).utf8)
        if let field = persistence.field, answer.fields[.connection] == nil {
            head.append("\r\nconnection: ")
            head.append(contentsOf: field.utf8)
        }
        head.append("\r\n\r\n")
        var buffer = allocator.buffer(capacity: head.count + answer.body.count)
        buffer.writeBytes(head)
        buffer.writeBytes(answer.body)
        return buffer
    }

    /// Enough for the server's head with a request id of usual length.
    private static let headBytes = 288
}

/// The `x-request-id` of an answer: the client's own, or one made here.
enum RequestID {
    /// - Parameter given: the request's own id; used if it is short and all its characters are visible ASCII.
    static func of(_ given: String?) -> String {
        guard let given, isEchoed(given) else { return make() }
        return given
    }

    /// Whether the server echoes an id that a client gave: it is short and visible ASCII.
    static func isEchoed(_ given: String) -> Bool {
        HTTPLimits.requestIDLength.contains(given.utf8.count) && given.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return String(random.next(), radix: 16)
    }

    /// Makes ids as good as those of ``make()`` for one connection, without a system call for each: from a random seed,
    /// by steps of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
    struct Sequence {
        private var state: UInt64

        init() {
            var random = SystemRandomNumberGenerator()
            state = random.next()
        }

        /// Appends the digits of the next id.
        mutating func appendNext(to bytes: inout [UInt8]) {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            mixed ^= mixed >> 31
            for _ in 0..<UInt64.bitWidth / 4 {
                bytes.append(Self.digits[Int(mixed & 0xf)])
                mixed >>= 4
            }
        }

        private static let digits = Array("0123456789abcdef".utf8)
    }
}

/// The `date` of an answer, made at most once a second: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
struct HTTPDate {
    private var second = Int64.min
    private var text = ""

    /// - Parameter second: seconds since the Unix epoch.
    mutating func text(at second: Int64) -> String {
        if second != self.second {
            self.second = second
            text = Self.text(of: second)
        }
        return text
    }

    /// The present time of the wall clock, in seconds since the Unix epoch.
    static func now() -> Int64 { Int64(time(nil)) }

    private static func text(of second: Int64) -> String {
        let (days, rest) = CivilDate.divide(second, by: 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        func digits(_ value: Int64) -> String { CivilDate.digits(value, 2) }
        return "\(weekdays[date.weekday]), \(digits(date.day)) \(months[Int(date.month) - 1]) "
            + "\(CivilDate.digits(date.year, 4)) "
            + "\(digits(rest / 3_600)):\(digits(rest / 60 % 60)):\(digits(rest % 60)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
