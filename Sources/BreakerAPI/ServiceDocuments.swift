/// The answer to `/livez`.
package struct LivenessDocument: Document {
    package var status = "live"

    package init() {}
}

/// The answer to `/readyz`.
package struct ReadinessDocument: Document {
    /// `starting`, `ready` or `stopping`.
    package var status: String
    /// `ok` or `failing`.
    package var storage: String

    package init(status: String, storage: String) {
        self.status = status
        self.storage = storage
    }
}

/// The answer to `/version`.
package struct VersionDocument: Document {
    package var version: String
    /// Identifies the history that the server's database holds.
    package var epoch: String
    /// The name of the server; `nil` if it has none, or from an older server.
    package var name: String?
    /// A ``ServerColour``, or a colour that a later version adds.
    package var colour: String?

    package init(version: String, epoch: String, label: ServerLabel) {
        self.version = version
        self.epoch = epoch
        name = label.name
        colour = label.colour?.rawValue
    }
}

/// The name and the colour by which operators tell servers apart.
package struct ServerLabel: Hashable, Sendable {
    package var name: String?
    package var colour: ServerColour?

    package init(name: String? = nil, colour: ServerColour? = nil) {
        self.name = name
        self.colour = colour
    }
}

/// A colour of a server's name. The page has a readable form of each for light and dark mode.
package enum ServerColour: String, CaseIterable, Sendable {
    case red, amber, green, blue, violet, grey
}

/// The access of a browser's user.
package struct SessionDocument: Document {
    /// The name of the token; `nil` without access.
    package var name: String?
    /// `worker`, `viewer` or `operator`; `nil` without access.
    package var role: String?
    /// The names that the token may use, as in a tokens file: a prefix, or a list; `nil` without access.
    package var prefix: String?
    /// Whether the access comes from a session, and not from a token or a certificate of the request.
    package var signedIn: Bool

    package init(name: String?, role: String?, prefix: String?, signedIn: Bool) {
        self.name = name
        self.role = role
        self.prefix = prefix
        self.signedIn = signedIn
    }

    enum CodingKeys: String, CodingKey {
        case name, role, prefix
        case signedIn = "signed_in"
    }
}

/// The answer to an order to read the tokens file again.
package struct TokenReloadDocument: Document {
    /// The number of tokens in the file.
    package var tokens: Int

    package init(tokens: Int) { self.tokens = tokens }
}

/// The answer to the deletion of all breakers with a prefix.
package struct DeletedDocument: Document {
    /// The number of deleted breakers.
    package var deleted: Int

    package init(deleted: Int) { self.deleted = deleted }
}

/// The version of this build, the same for the server and its clients.
package enum BuildVersion {
    package static let current = "0.1.0"
}
