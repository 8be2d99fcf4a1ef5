import NIOCore

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
        package var needed: Int

        package var description: String {
            "the process may open \(descriptors) files; \(needed) are needed at least: raise it with ulimit -n"
        }
    }

    /// Raises the limit of open files as far as it goes.
    /// - Returns: how many connections it leaves room for; see ``connections(descriptors:cores:)``.
    package static func raise() throws(TooFewDescriptors) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        return try connections(descriptors: Int(clamping: limit.rlim_cur), cores: System.coreCount)
    }

    /// How many connections a process may have that may open so many files: with them, everything else that it opens
    /// stays within the limit.
    static func connections(descriptors: Int, cores: Int) throws(TooFewDescriptors) -> Int {
        let reserved = HTTPLimits.reservedDescriptors + HTTPLimits.reservedDescriptorsPerCore * cores
        let needed = HTTPLimits.leastConnections + reserved
        guard descriptors >= needed else { throw TooFewDescriptors(descriptors: descriptors, needed: needed) }
        return min(descriptors - reserved, HTTPLimits.connections)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
