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
