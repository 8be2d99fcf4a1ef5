#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An open file. It closes with the last reference.
package final class OpenFile: Sendable {
    package let descriptor: CInt

    /// - Parameter descriptor: an open one, which nothing else closes.
    package init(descriptor: CInt) {
        precondition(descriptor >= 0, "\(descriptor) is no descriptor of an open file")
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
