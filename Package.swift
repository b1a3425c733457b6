// swift-tools-version: 6.1
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of Maxwell. `imports` lists only modules above it in ARCHITECTURE.md; `make check` compares it with the sources.
func module(_ name: String, imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, path: "Sources/\(name)", swiftSettings: swiftSettings)
}

/// The twin test target of a module; fixtures lie in `Tests/<name>/Fixtures` and are read by path, not bundled.
func tests(_ name: String, imports: [Target.Dependency], hasFixtures: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: imports, path: "Tests/\(name)", exclude: hasFixtures ? ["Fixtures"] : [],
        swiftSettings: swiftSettings)
}

/// `ONLY_FUZZ_TESTS=1` leaves the modules that read what users and disks hand them, and their fuzz tests: a build with
/// sanitizers is one more of everything, and this is all of it that is needed (tools/fuzz.sh).
let isFuzzing = Context.environment["ONLY_FUZZ_TESTS"] != nil
let readers = ["Trajectories", "ConfigCoding", "Tokenizers", "ChatTemplates", "Verifiers", "Environments", "Runs"]

/// `WITHOUT_LIBTORCH=1` leaves out everything that needs libtorch, so that the rest builds and is tested without it.
let hasTorch = Context.environment["WITHOUT_LIBTORCH"] == nil && !isFuzzing

/// Modules that need no libtorch, and their tests.
let plainTargets: [Target] = [
    module("Trajectories"),
    module("EntropyDynamics"),
    module("ConfigCoding", imports: [.product(name: "Yams", package: "Yams")]),
    module("Tokenizers"),
    module("ChatTemplates", imports: ["Tokenizers", "Trajectories"]),
    module("Verifiers", imports: ["Trajectories", "ConfigCoding"]),
    module("Environments", imports: ["Verifiers", "Trajectories", "ConfigCoding"]),
    module("Runs", imports: ["Trajectories", .product(name: "GRDB", package: "GRDB.swift")]),
    module("Analysis", imports: ["Runs", "EntropyDynamics", "Trajectories"]),
    module("Plots"),
    module("Comparison", imports: ["Analysis", "Plots"]),
    module("Algorithms", imports: ["EntropyDynamics", "ConfigCoding", "Trajectories"]),
    module(
        "Simulation",
        imports: ["Algorithms", "Analysis", "ConfigCoding", "EntropyDynamics", "Plots", "Trajectories"]),
    tests("TrajectoriesTests", imports: ["Trajectories"]),
    tests("EntropyDynamicsTests", imports: ["EntropyDynamics", "Trajectories"], hasFixtures: true),
    tests("ConfigCodingTests", imports: ["ConfigCoding"]),
    tests("TokenizersTests", imports: ["Tokenizers", "Trajectories"], hasFixtures: true),
    tests("ChatTemplatesTests", imports: ["ChatTemplates", "Tokenizers", "Trajectories"], hasFixtures: true),
    tests("VerifiersTests", imports: ["Verifiers", "ConfigCoding", "Trajectories"], hasFixtures: true),
    tests("EnvironmentsTests", imports: ["Environments", "ConfigCoding", "Trajectories"]),
    tests(
        "RunsTests",
        imports: [
            "Runs", "Trajectories", .product(name: "GRDB", package: "GRDB.swift"),
            .product(name: "GRDBSQLite", package: "GRDB.swift"),
        ]),
    tests("AnalysisTests", imports: ["Analysis", "Runs", "Trajectories"]),
    tests("PlotsTests", imports: ["Plots"]),
    tests("ComparisonTests", imports: ["Comparison", "Analysis", "Plots", "Runs", "Trajectories"]),
    tests("AlgorithmsTests", imports: ["Algorithms", "EntropyDynamics", "Trajectories", "ConfigCoding"]),
    tests(
        "SimulationTests", imports: ["Simulation", "Algorithms", "ConfigCoding", "EntropyDynamics", "Trajectories"]),
    tests("FuzzTests", imports: readers.map { .init(stringLiteral: $0) }),
]

/// Modules on libtorch, the program, and their tests.
let torchTargets: [Target] = [
    module("Torch", imports: [.product(name: "CTorch", package: "Bridge")]),
    module("Models", imports: ["Torch", "Trajectories"]),
    module("Rollouts", imports: ["Models", "Torch", "Trajectories"]),
    module(
        "Training",
        imports: [
            "Algorithms", "Rollouts", "Models", "Torch", "Tokenizers", "ChatTemplates", "Environments", "Runs",
            "ConfigCoding", "Trajectories", "EntropyDynamics", "Analysis",
        ]),
    .executableTarget(
        name: "maxwell",
        dependencies: [
            "Training", "Simulation", "Comparison", "Analysis", "Plots", "Runs", "Rollouts", "Models", "Torch",
            "Tokenizers", "ChatTemplates", "Environments", "ConfigCoding", "Trajectories", "Algorithms",
            "EntropyDynamics",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        path: "Sources/maxwell", swiftSettings: swiftSettings),
    tests(
        "TorchTests",
        imports: [
            "Torch", "Trajectories", "EntropyDynamics", .product(name: "KernelEmulation", package: "Bridge"),
        ]),
    tests("ModelsTests", imports: ["Models", "Torch", "Trajectories"], hasFixtures: true),
    tests("RolloutsTests", imports: ["Rollouts", "Training", "Models", "Torch", "Trajectories"]),
    tests(
        "TrainingTests",
        imports: [
            "Training", "Algorithms", "Rollouts", "Models", "Torch", "Tokenizers", "Environments", "Runs",
            "ConfigCoding", "EntropyDynamics", "Simulation", "Trajectories",
        ]),
    tests(
        "CommandTests",
        imports: [
            "maxwell", "Comparison", "Analysis", "ConfigCoding", "Environments", "Models", "Torch", "Runs",
            "Trajectories",
        ]),
]

let package = Package(
    name: "maxwell",
    platforms: [.macOS(.v15)],
    products: isFuzzing
        ? []
        : [
            .library(name: "EntropyDynamics", targets: ["EntropyDynamics"]),
            .library(name: "Algorithms", targets: ["Algorithms"]),
            .library(name: "Simulation", targets: ["Simulation"]),
        ] + (hasTorch ? [.executable(name: "maxwell", targets: ["maxwell"])] : []),
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    ]
        + (hasTorch
            ? [
                .package(path: "Bridge"),
                .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
            ] : []),
    targets: isFuzzing
        ? plainTargets.filter { $0.name == "FuzzTests" || readers.contains($0.name) }
        : plainTargets + (hasTorch ? torchTargets : [])
)
