import Platform

/// An open file. Releasing the last reference closes it.
package final class OpenFile: Sendable {
    package let descriptor: CInt

    /// - Parameter descriptor: an open descriptor that no other code closes.
    package init(descriptor: CInt) {
        precondition(descriptor >= 0, "\(descriptor) is not the descriptor of an open file")
        self.descriptor = descriptor
    }

    /// The length in bytes; `nil` if the system does not report it.
    package var length: Int64? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : nil
    }

    deinit {
        close(descriptor)
    }
}
