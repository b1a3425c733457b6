// swift-tools-version: 6.1
import PackageDescription

/// Where libtorch lies: `LIBTORCH` if set, else what `make` fetched.
let libtorch = Context.environment["LIBTORCH"] ?? "\(Context.packageDirectory)/../.deps/libtorch"

let package = Package(
    name: "Bridge",
    products: [
        .library(name: "CTorch", type: .dynamic, targets: ["CTorch"]),
        .library(name: "KernelEmulation", targets: ["KernelEmulation"]),
    ],
    targets: [
        .target(
            name: "CTorch",
            cxxSettings: [
                .unsafeFlags([
                    "-isystem", "\(libtorch)/include",
                    "-isystem", "\(libtorch)/include/torch/csrc/api/include",
                    "-O3", "-fno-math-errno", "-Wall", "-Wextra",
                ])
            ],
            linkerSettings: [
                .unsafeFlags([
                    "-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib",
                ]),
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"), .linkedLibrary("stdc++"),
            ]),
        // tests only: the GPU's kernels on the host, which must not contract what the kernel forbids to
        .target(
            name: "KernelEmulation",
            cxxSettings: [.unsafeFlags(["-O2", "-ffp-contract=off", "-Wall", "-Wextra"])],
            linkerSettings: [.linkedLibrary("stdc++")]),
    ],
    cxxLanguageStandard: .cxx20
)
