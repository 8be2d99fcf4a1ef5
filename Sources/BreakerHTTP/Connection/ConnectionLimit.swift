#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many connections this process can hold.
package enum ConnectionLimit {
    package struct TooFewDescriptors: Error, Sendable, CustomStringConvertible {
        package var descriptors: Int

        package var description: String {
            let needed = HTTPLimits.leastConnections + HTTPLimits.reservedDescriptors
            return "the process may open \(descriptors) files; \(needed) are needed at least: raise it with ulimit -n"
        }
    }

    /// Raises the limit of open files as far as it goes, and leaves some for what is no connection. Beyond the result
    /// clients wait in the kernel's backlog.
    package static func raise() throws(TooFewDescriptors) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        let descriptors = Int(clamping: limit.rlim_cur)
        let connections = descriptors - HTTPLimits.reservedDescriptors
        guard connections >= HTTPLimits.leastConnections else { throw TooFewDescriptors(descriptors: descriptors) }
        return min(connections, HTTPLimits.connections)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
