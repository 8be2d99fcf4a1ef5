import CEmbeddedFiles

/// Files of the source tree that are compiled into the program, so that it needs no separate files.
package enum EmbeddedFiles {
    package typealias File = (name: String, bytes: [UInt8])

    /// `migrations/*.sql`, in the order in which they are applied.
    package static var migrations: [File] {
        UnsafeBufferPointer(start: embedded_migrations(), count: embedded_migrations_count()).map(file)
    }

    /// The description of the HTTP contract.
    package static let openAPI = file(embedded_openapi()).bytes

    /// The operators' page: `index.html` and the files it loads.
    package static var dashboard: [File] {
        UnsafeBufferPointer(start: embedded_dashboard(), count: embedded_dashboard_count()).map(file)
    }

    private static func file(_ file: embedded_file) -> File {
        (String(cString: file.name), Array(UnsafeBufferPointer(start: file.bytes, count: file.length)))
    }
}
