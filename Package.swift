// swift-tools-version:6.2
import Foundation
import PackageDescription

/// Warnings are errors where `FUSEBOX_STRICT` is set (continuous integration), and only there,
/// lest a deprecation in a dependency break a user's build.
let strict = ProcessInfo.processInfo.environment["FUSEBOX_STRICT"] != nil

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let package = Package(
    name: "fusebox",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    ],
    targets: [
        .target(name: "BreakerCore", swiftSettings: settings),
        .target(name: "BreakerStorage", dependencies: ["BreakerCore"], swiftSettings: settings),
        .systemLibrary(
            name: "CSQLite",
            providers: [.apt(["libsqlite3-dev"]), .yum(["sqlite-devel"]), .brew(["sqlite"])]
        ),
        .target(name: "CEmbeddedFiles"),
        .target(name: "EmbeddedFiles", dependencies: ["CEmbeddedFiles"], swiftSettings: settings),
        .target(
            name: "BreakerSQLite",
            dependencies: [
                "BreakerCore",
                "BreakerStorage",
                "CSQLite",
                "EmbeddedFiles",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "StoreContract",
            dependencies: ["BreakerCore", "BreakerStorage"],
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
        .testTarget(name: "BreakerCoreTests", dependencies: ["BreakerCore"], swiftSettings: settings),
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
            ],
            swiftSettings: settings
        ),
    ],
    cLanguageStandard: .c2x
)
