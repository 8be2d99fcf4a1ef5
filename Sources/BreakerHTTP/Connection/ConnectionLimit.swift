import NIOCore
import Platform

/// The number of connections that this process can hold.
package enum ConnectionLimit {
    package struct TooFewDescriptors: Error, Sendable, CustomStringConvertible {
        package var descriptors: Int
        package var needed: Int

        package var description: String {
            "the process may open \(descriptors) files but needs at least \(needed); raise the limit with ulimit -n"
        }
    }

    /// Raises the limit on open files to its maximum.
    /// - Returns: the number of connections that it leaves room for; see ``connections(descriptors:cores:)``.
    package static func raise() throws(TooFewDescriptors) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        return try connections(descriptors: Int(clamping: limit.rlim_cur), cores: System.coreCount)
    }

    /// The number of connections that a process may have if it may open `descriptors` files. The rest of the limit is
    /// enough for everything else that the process opens.
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
