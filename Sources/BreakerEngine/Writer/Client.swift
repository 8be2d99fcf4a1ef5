package import BreakerCore

/// The sender of a command: the holder of a token, or an address if there are no tokens. Clients take turns in the
/// queue.
///
/// Clients are equal if their numbers are equal, so that the queue compares no strings. About one pair of names in
/// 10^19 has the same number. Two such clients share their turns, and nothing else.
package struct Client: Hashable, Sendable {
    private let number: Int
    /// The same string as ``Author/client``. Stored rows are shared among clients by it.
    let key: String

    /// The name of the token; ``Author/anonymous`` if there are no tokens.
    var name: String { key.hasPrefix("@") ? Author.anonymous : key }

    /// The server itself, for changes that are due by time. The name of a token has no space, so this name is unique.
    package static let server = Client(Author(actor: "the server", address: nil))

    /// - Parameter author: without tokens, every author is ``Author/anonymous``, and only the address distinguishes
    ///   them.
    package init(_ author: Author) {
        key = author.client
        var hasher = Hasher()
        hasher.combine(key)
        number = hasher.finalize()
    }

    package static func == (left: Client, right: Client) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
