#!/usr/bin/env bash
# Runs the tests that reach the libtorch shim on a copy of it with the address and undefined-behaviour sanitizers.
#
# tools/sanitize_shim.sh [FILTER]   after `make test` or `swift build --build-tests`; FILTER chooses test suites.
# Only the shim is instrumented: libtorch and the Swift modules run as they are, under the sanitizer's allocator, so that what
# the shim reads or writes beyond a tensor of theirs is seen. Code that was compiled for other devices is not reached.
set -euo pipefail
cd "$(dirname "$0")/.."
filter=${1:-TorchTests|ModelsTests|RolloutsTests|KeptPassesTests}
out=.build/shim-sanitized libtorch=${LIBTORCH:-$PWD/.deps/libtorch} shim=Bridge/Sources/CTorch
compiler=$(dirname "$(readlink -f "$(command -v swift)")")/clang++
runtime=$("$compiler" -print-file-name=libclang_rt.asan-x86_64.so)
mkdir -p "$out"
export compiler out libtorch shim
# the vptr check wants type information that libtorch's hidden classes do not give
compile() {
    local object=$out/$(basename "$1" .cpp).o
    # a header that changed means compiling again, as the source does
    [ -e "$object" ] && [ -z "$(find $shim -name '*.h*' -newer "$object" -print -quit; find "$1" -newer "$object")" ] || "$compiler" -std=c++20 -O1 -g1 -fPIC -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined \
        -shared-libsan -I $shim/include -isystem "$libtorch/include" -isystem "$libtorch/include/torch/csrc/api/include" -c "$1" -o "$object"
}
export -f compile
printf '%s\n' $shim/*.cpp | xargs -P "$(nproc)" -I{} bash -c 'compile {}'
"$compiler" -shared -fsanitize=address,undefined -shared-libsan "$out"/*.o -o "$out/libCTorch.so" \
    -L "$libtorch/lib" -Wl,-rpath,"$libtorch/lib" -ltorch_cpu -lc10 -lstdc++
# libtorch and Swift's metadata are never freed: a leak report would be about them
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 OMP_WAIT_POLICY=passive
tests=$(ls -d .build/release/*.xctest)
LD_PRELOAD=$runtime LD_LIBRARY_PATH=$out:${LD_LIBRARY_PATH:-} "$tests" --testing-library swift-testing --filter "$filter"
