import BreakerAPI
import BreakerCore
import Crypto
import EmbeddedFiles
import HTTPTypes

extension Routes {
    /// The dashboard for operators. Its files need no token, because they contain no data: the page requests its data
    /// with its visitor's access.
    static func dashboard() -> [Route] {
        let files = Dictionary(uniqueKeysWithValues: EmbeddedFiles.dashboard.map { ($0.name, DashboardFile($0)) })
        return [
            Route(.get, Paths.dashboard, .none) { context in
                guard let page = files["index.html"] else { throw Problem.notFound }
                return page.answer(to: context.fields)
            },
            Route(.get, Paths.dashboardFile, .none) { context in
                guard let file = files[context.name], file.name != "index.html" else { throw Problem.notFound }
                return file.answer(to: context.fields)
            },
        ]
    }
}

/// A file of the page, ready to be sent.
private struct DashboardFile {
    let name: String
    private let bytes: [UInt8]
    private let fields: HTTPFields

    init(_ file: EmbeddedFiles.File) {
        name = file.name
        bytes = file.bytes
        let digest = SHA256.hash(data: file.bytes).prefix(8).hexadecimal
        fields = [
            .contentType: Self.contentType(of: file.name),
            .eTag: "\"\(digest)\"",
            // Browsers keep the file but check it each time, because files of two versions do not work together.
            .cacheControl: "no-cache",
            .contentSecurityPolicy: Self.policy,
            .referrerPolicy: "no-referrer",
        ]
    }

    func answer(to request: HTTPFields) -> Answer {
        let known = (request[.ifNoneMatch] ?? "").split(separator: ",").map { $0.drop { $0 == " " || $0 == "\t" } }
        guard let tag = fields[.eTag], known.contains(where: { $0 == tag || $0 == "W/" + tag || $0 == "*" }) else {
            return Answer(fields: fields, body: bytes)
        }
        return Answer(status: .notModified, fields: fields)
    }

    /// Allows only files of this server, nothing inline, and no page that embeds this one.
    private static let policy =
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

    private static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "application/octet-stream"
        }
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = Self("referrer-policy")!
}
