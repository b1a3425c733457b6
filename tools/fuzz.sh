#!/usr/bin/env bash
# Fuzzes every reader that needs no libtorch, with sanitizers: tools/fuzz.sh [CASES [FIRST]], per reader.
#
# The build has a folder of its own, .build/fuzz, and holds the readers and Tests/FuzzTests alone. FUZZ_SANITIZE names the
# sanitizers ("address undefined" unless set; "thread"; "" for none), FUZZ_PIECE the cases of one process, FUZZ_SEED the seed.
# A reader that crashes or hangs is named with the number of its case; FUZZ_FIRST=that FUZZ_CASES=1 repeats it.
set -euo pipefail
cd "$(dirname "$0")/.."
cases=${1:-1000000} first=${2:-0} piece=${FUZZ_PIECE:-100000} minutes=${FUZZ_MINUTES:-60}
export ONLY_FUZZ_TESTS=1 FUZZ_SEED=${FUZZ_SEED:-1}
flags=(-c release -Xswiftc -enable-testing --scratch-path .build/fuzz)
for sanitizer in ${FUZZ_SANITIZE-address undefined}; do
    # Swift knows the undefined-behaviour sanitizer on Apple's platforms only, and traps by itself on what it looks for; C is
    # compiled with it (the YAML parser is), and the runtime of the address sanitizer holds what that calls.
    case $sanitizer in
    undefined) flags+=(-Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined) ;;
    *) flags+=(--sanitize "$sanitizer") ;;
    esac
done
swift build "${flags[@]}" --build-tests

export FUZZ_JOURNAL
FUZZ_JOURNAL=$(mktemp -d)
trap 'rm -rf "$FUZZ_JOURNAL"' EXIT
# One leak report at the end of each process would be about Swift's metadata, which is never freed.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
failed=0
for ((start = first; start < first + cases; start += piece)); do
    count=$((first + cases - start < piece ? first + cases - start : piece))
    echo "cases $start to $((start + count - 1)) of each reader"
    # The limit of time is what tells a hang; swift-testing cannot interrupt a test.
    if ! FUZZ_FIRST=$start FUZZ_CASES=$count timeout "${minutes}m" \
        swift test "${flags[@]}" --skip-build --disable-xctest --filter FuzzTests; then
        failed=1
        for reader in "$FUZZ_JOURNAL"/*; do
            echo "FOUND: at the end $(basename "$reader") was at case $(cat "$reader") (seed $FUZZ_SEED)"
        done
    fi
done
exit $failed
