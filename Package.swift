// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "fusebox",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "fusebox", targets: ["fusebox"]),
        .library(name: "BreakerClient", targets: ["BreakerClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.19.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "Platform", swiftSettings: settings),
        .target(name: "CPlatform"),
        .target(name: "BreakerCore", swiftSettings: settings),
        .target(name: "BreakerText", dependencies: ["BreakerCore"], swiftSettings: settings),
        .target(name: "BreakerStorage", dependencies: ["BreakerCore", "Platform"], swiftSettings: settings),
        .target(
            name: "BreakerEngine",
            dependencies: [
                "BreakerCore",
                "BreakerStorage",
                "BreakerText",
                "Platform",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(
            name: "CSQLite",
            providers: [.apt(["libsqlite3-dev"]), .yum(["sqlite-devel"]), .brew(["sqlite"])]
        ),
        .target(name: "CEmbeddedFiles"),
        .target(name: "EmbeddedFiles", dependencies: ["CEmbeddedFiles"], swiftSettings: settings),
        .target(
            name: "BreakerSQLite",
            dependencies: [
                "BreakerAPI",
                "BreakerCore",
                "BreakerStorage",
                "CPlatform",
                "CSQLite",
                "EmbeddedFiles",
                "Platform",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "BreakerAPI",
            dependencies: ["BreakerCore", "BreakerText"],
            swiftSettings: settings
        ),
        .target(
            name: "BreakerHTTP",
            dependencies: [
                "BreakerAPI",
                "BreakerCore",
                "BreakerEngine",
                "BreakerText",
                "EmbeddedFiles",
                "Platform",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "BreakerClient",
            dependencies: [
                "BreakerAPI",
                "BreakerCore",
                "BreakerText",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "fusebox",
            dependencies: [
                "BreakerAPI",
                "BreakerClient",
                "BreakerCore",
                "BreakerEngine",
                "BreakerHTTP",
                "BreakerSQLite",
                "BreakerText",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "client-benchmark",
            dependencies: [
                "BreakerClient",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            path: "Benchmarks/client",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "swift-worker",
            dependencies: [
                "BreakerClient",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "clients/swift/examples/worker",
            swiftSettings: settings
        ),
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        .target(
            name: "TestSupport",
            dependencies: ["CSpawn", .product(name: "NIOConcurrencyHelpers", package: "swift-nio")],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "CoreSupport",
            dependencies: ["BreakerCore", "TestSupport"],
            path: "Tests/CoreSupport",
            swiftSettings: settings
        ),
        .target(
            name: "StoreContract",
            dependencies: ["BreakerCore", "BreakerStorage", "TestSupport"],
            path: "Tests/StoreContract",
            swiftSettings: settings
        ),
        .target(name: "FaultVFS", dependencies: ["CSQLite"], path: "Tests/FaultVFS"),
        .target(
            name: "FaultyDisk",
            dependencies: ["CSQLite", "FaultVFS"],
            path: "Tests/FaultyDisk",
            swiftSettings: settings
        ),
        .target(
            name: "EngineSupport",
            dependencies: [
                "BreakerCore",
                "BreakerEngine",
                "BreakerSQLite",
                "BreakerStorage",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Tests/EngineSupport",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "faulty-server",
            dependencies: [
                "BreakerCore",
                "BreakerEngine",
                "BreakerHTTP",
                "BreakerSQLite",
                "BreakerStorage",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/FaultyServer",
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerCoreTests",
            dependencies: ["BreakerCore", "CoreSupport", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerTextTests",
            dependencies: ["BreakerCore", "BreakerText", "CoreSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerAPITests",
            dependencies: ["BreakerAPI", "BreakerCore", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerSQLiteTests",
            dependencies: [
                "BreakerCore",
                "BreakerSQLite",
                "BreakerStorage",
                "CSQLite",
                "EmbeddedFiles",
                "FaultyDisk",
                "StoreContract",
                "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerEngineTests",
            dependencies: [
                "BreakerCore",
                "BreakerEngine",
                "BreakerSQLite",
                "BreakerStorage",
                "BreakerText",
                "EngineSupport",
                "FaultyDisk",
                "TestSupport",
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerHTTPTests",
            dependencies: [
                "BreakerAPI",
                "BreakerCore",
                "BreakerEngine",
                "BreakerHTTP",
                "BreakerStorage",
                "EmbeddedFiles",
                "EngineSupport",
                "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BreakerClientTests",
            dependencies: [
                "BreakerAPI",
                "BreakerClient",
                "BreakerCore",
                "BreakerEngine",
                "BreakerHTTP",
                "EngineSupport",
                "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FuseboxTests",
            dependencies: [
                "faulty-server",
                "BreakerAPI",
                "BreakerClient",
                "BreakerCore",
                "BreakerSQLite",
                "EngineSupport",
                "TestSupport",
                "fusebox",
                "swift-worker",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: settings
        ),
    ],
    cLanguageStandard: .c2x
)

// The race detector watches the project's own modules; the packages' modules are those of the ordinary build. Targets
// that its tests do not need are left out.
if Context.environment["FUSEBOX_RACES"] != nil {
    let others: Set = [
        "BreakerAPITests", "BreakerCoreTests", "BreakerHTTPTests", "BreakerTextTests", "FuseboxTests",
        "client-benchmark", "faulty-server", "fusebox", "swift-worker",
    ]
    package.products = []
    package.targets.removeAll { others.contains($0.name) }
    for target in package.targets where target.swiftSettings != nil {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=thread"]))
    }
    for target in package.targets where target.type == .test {
        target.linkerSettings = [.unsafeFlags(["-sanitize=thread"])]
    }
}
