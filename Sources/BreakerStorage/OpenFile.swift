#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An open file. Releasing the last reference closes it.
package final class OpenFile: Sendable {
    package let descriptor: CInt

    /// - Parameter descriptor: an open descriptor that no other code closes.
    package init(descriptor: CInt) {
        precondition(descriptor >= 0, "\(descriptor) is not the descriptor of an open file")
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
