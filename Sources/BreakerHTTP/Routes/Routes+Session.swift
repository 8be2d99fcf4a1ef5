import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    /// Routes by which browsers sign in and out. They need no token: a page asks for its identity before it has one.
    static func session(
        _ engine: Engine,
        gatekeeper: Gatekeeper,
        failures: AuthenticationFailures
    ) -> [Route] {
        let now = { @Sendable in engine.clock.now() }
        return [
            Route(.post, Paths.session, .none) { inquiry in
                let fields = try JSONFields(try JSON(body: inquiry.body, members: ["token"]), at: "")
                guard let secret = try fields.text("token") else {
                    throw Problem.invalid("token", "is required: the secret of a viewer or an operator")
                }
                try failures.requireSignIn(from: inquiry.address)
                do throws(Problem) {
                    return .session(try gatekeeper.signIn(secret: secret, at: now()), inquiry)
                } catch {
                    if error.failure != nil { failures.noteSignIn(from: inquiry.address) }
                    throw error
                }
            },
            Route(.get, Paths.session, .none) { inquiry in
                // A client without a valid token has no access, and may sign in.
                var access: Access?
                do throws(Problem) {
                    access = try gatekeeper.access(inquiry.fields, certificate: inquiry.certificate, at: now())
                } catch {
                    if let failure = error.failure, failure.reason != .missingToken {
                        failures.note(failure, from: inquiry.address)
                    }
                }
                return .json([
                    "name": JSON(access?.actor),
                    "role": JSON(access?.role.rawValue),
                    "prefix": JSON(access?.prefix),
                    "signed_in": .bool(access != nil && access == gatekeeper.session(in: inquiry.fields, at: now())),
                ])
            },
            Route(.delete, Paths.session, .none) { inquiry in
                if gatekeeper.signOut(inquiry.fields, at: now()) { await engine.storeSessions() }
                return .session("", inquiry)
            },
        ]
    }
}

extension Answer {
    /// Makes the browser keep a session, or forget it where `text` is empty.
    fileprivate static func session(_ text: String, _ inquiry: Inquiry) -> Answer {
        Answer(status: .noContent, fields: [.setCookie: SessionCookie.field(text, isSecure: inquiry.isSecure)])
    }
}
