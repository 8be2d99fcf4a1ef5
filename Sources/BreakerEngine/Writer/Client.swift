package import BreakerCore

/// The sender of a command, with which other senders take turns in the queue: the holder of a token, or an address where
/// there are no tokens.
///
/// Clients are equal if their numbers are, so that the queue compares no strings. Two names share a number about once in
/// 10^19 pairs; they would share their turns then, and nothing else.
package struct Client: Hashable, Sendable {
    private let number: Int
    /// As ``Author/client``: what shares of stored rows go by.
    let key: String

    /// The name of the token; ``Author/anonymous`` where there are no tokens.
    var name: String { key.hasPrefix("@") ? Author.anonymous : key }

    /// The server itself: what is due by time. No token has a name with a space.
    package static let server = Client(Author(actor: "the server", address: nil))

    /// - Parameter author: without tokens, every author is ``Author/anonymous``, and the address tells them apart.
    package init(_ author: Author) {
        key = author.client
        var hasher = Hasher()
        hasher.combine(key)
        number = hasher.finalize()
    }

    package static func == (left: Client, right: Client) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
