#if os(Linux)
    import Foundation

    /// The kernel's figures about this process.
    struct ProcessReading: Sendable {
        var cpuSeconds: Double
        var residentBytes: Int
        var virtualBytes: Int
        var openDescriptors: Int
        var maximumDescriptors: UInt64
        /// Seconds since 1970.
        var startSeconds: Double

        /// - Returns: `nil` where `/proc` is absent or has an unexpected form.
        init?() {
            // The fields after the name, which may contain spaces and parentheses. The first is field 3 of
            // proc_pid_stat(5).
            guard let fields = Self.text("/proc/self/stat")?.split(separator: ")").last?.split(separator: " "),
                fields.count > 21,
                let user = Double(fields[11]), let system = Double(fields[12]), let start = Double(fields[19]),
                let virtualBytes = Int(fields[20]), let residentPages = Int(fields[21]),
                let boot = Self.bootSeconds
            else { return nil }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            cpuSeconds = (user + system) / ticks
            startSeconds = boot + start / ticks
            self.virtualBytes = virtualBytes
            residentBytes = residentPages * sysconf(Int32(_SC_PAGESIZE))
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            // Without the descriptor that reads the folder.
            openDescriptors = max(0, (descriptors?.count ?? 0) - 1)
            var limit = rlimit()
            _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            maximumDescriptors = UInt64(limit.rlim_cur)
        }

        /// The start of the machine, in seconds since 1970. It is read once, because it changes when the clock is set.
        private static let bootSeconds: Double? = text("/proc/stat")?.split(separator: "\n")
            .first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst("btime ".count)) }

        private static func text(_ path: String) -> String? {
            guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return nil }
            return String(decoding: data, as: UTF8.self)
        }
    }
#endif
