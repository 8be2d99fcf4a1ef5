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
    targets: [
        .target(name: "BreakerCore", swiftSettings: settings),
        .target(name: "BreakerStorage", dependencies: ["BreakerCore"], swiftSettings: settings),
        .testTarget(name: "BreakerCoreTests", dependencies: ["BreakerCore"], swiftSettings: settings),
    ]
)
