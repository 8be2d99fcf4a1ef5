import BreakerAPI
package import BreakerCore
import BreakerEngine
import Crypto
import EmbeddedFiles
import HTTPTypes

extension Routes {
    /// Routes about the service itself: probes of a platform, the version and the API contract. They need no token.
    static func service(engine: Engine, readiness: Readiness, label: ServerLabel) -> [Route] {
        [
            Route(.get, Paths.livez, .none) { _ in .json(LivenessDocument()) },
            Route(.get, Paths.readyz, .none) { _ in
                let state = readiness.state
                // The status ignores the storage: to take the only authority out of rotation because it cannot write
                // would help no client.
                return .json(
                    ReadinessDocument(
                        status: state.rawValue,
                        storage: engine.storageHealth.isFailing ? "failing" : "ok"
                    ),
                    status: state == .ready ? .ok : .serviceUnavailable
                )
            },
            Route(.get, Paths.version, .none) { _ in
                .json(
                    VersionDocument(version: BuildVersion.current, epoch: engine.epoch.description, label: label)
                )
            },
            Route(.get, Paths.openAPI, .none) { _ in
                Answer(fields: [.contentType: "application/yaml"], body: EmbeddedFiles.openAPI)
            },
        ]
    }

    /// - Parameter breakers: the number of breakers that get their own series.
    static func metrics(_ engine: Engine, meters: HTTPMeters, breakers: Int) -> [Route] {
        [
            Route(.get, Paths.metrics, .read) { context in
                let page = MetricsPage(
                    panel: await engine.panelReading(visible: context.access.scope, limit: breakers),
                    writer: await engine.writerReading(),
                    meters: meters
                )
                return Answer(
                    fields: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                    body: try await engine.onStatusThread { page.bytes() }
                )
            }
        ]
    }

    /// The tokens of the server.
    ///
    /// - Parameter reload: `nil` for a server without a tokens file.
    static func tokens(_ reload: TokenReload?) -> [Route] {
        [
            Route(.post, Paths.tokenReload, .steer, maximumBody: 0) { context in
                try context.access.requireAllNames()
                guard let reload else {
                    throw Problem(.invalidRequest, "the server has no tokens file that it could read")
                }
                do {
                    return .json(TokenReloadDocument(tokens: try await reload.run(context.author)))
                } catch {
                    throw Problem(.invalidTokens, "\(error); the old tokens stay in force")
                }
            }
        ]
    }
}

/// Reads the server's tokens file again.
package struct TokenReload: Sendable {
    let run: @Sendable (Author) async throws -> Int

    /// - Parameter run: returns the number of tokens. Its argument is the client that asked for it, for the log.
    package init(_ run: @escaping @Sendable (Author) async throws -> Int) {
        self.run = run
    }
}

extension Routes {
    /// Routes by which browsers sign in and out. They need no token: a page asks for its identity before it has one.
    static func session(
        _ engine: Engine,
        gatekeeper: Gatekeeper,
        failures: AuthenticationFailures
    ) -> [Route] {
        let now = { @Sendable in engine.clock.now() }
        return [
            Route(.post, Paths.session, .none) { context in
                let fields = try JSONFields(try JSON(body: context.body, members: ["token"]), at: "")
                guard let secret = try fields.text("token") else {
                    throw Problem.invalid("token", "is required: the secret of a viewer's or an operator's token")
                }
                try failures.requireSignIn(from: context.address)
                do throws(Problem) {
                    return .session(try gatekeeper.signIn(secret: secret, at: now()), context)
                } catch {
                    if error.failure != nil { failures.noteSignIn(from: context.address) }
                    throw error
                }
            },
            Route(.get, Paths.session, .none) { context in
                // A client without a valid token has no access, and may sign in.
                var access: Access?
                do throws(Problem) {
                    access = try gatekeeper.access(context.fields, certificate: context.certificate, at: now())
                } catch {
                    if let failure = error.failure, failure.reason != .missingToken {
                        failures.note(failure, from: context.address)
                    }
                }
                return .json(
                    SessionDocument(
                        name: access?.actor,
                        role: access?.role.rawValue,
                        prefix: access?.scope.description,
                        signedIn: access != nil && access == gatekeeper.session(in: context.fields, at: now())
                    )
                )
            },
            Route(.delete, Paths.session, .none) { context in
                if gatekeeper.signOut(context.fields, at: now()) { await engine.storeSessions() }
                return .session("", context)
            },
        ]
    }
}

extension Answer {
    /// Makes the browser keep a session, or forget it where `text` is empty.
    fileprivate static func session(_ text: String, _ context: RequestContext) -> Answer {
        Answer(status: .noContent, fields: [.setCookie: SessionCookie.field(text, isSecure: context.isSecure)])
    }
}

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
