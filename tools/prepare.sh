#!/usr/bin/env bash
# Sees that this machine has what a build needs: programs, system packages (installed with apt-get where we may), libtorch.
#   tools/prepare.sh [--tests]     --tests: also what only the tests need
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
    echo "maxwell: $*" >&2
    exit 1
}

command -v swift >/dev/null || refuse "swift was not found; install the Swift 6.1 toolchain or newer (https://www.swift.org/install) and put it on PATH."
command -v git >/dev/null || refuse "git was not found; SwiftPM needs it to fetch the packages (Debian, Ubuntu: apt-get install git)."
command -v python3 >/dev/null || refuse "python3 was not found; it fetches libtorch (Debian, Ubuntu: apt-get install python3 python3-pip)."

packages=()
if [ "$(uname)" = Linux ]; then
    # The compiler that will include it is asked, so that a header in an unusual place counts.
    echo '#include <sqlite3.h>' | clang -E -x c - >/dev/null 2>&1 || [ -e /usr/include/sqlite3.h ] ||
        packages+=(libsqlite3-dev)
    if [ "${1:-}" = --tests ]; then
        command -v g++ >/dev/null || packages+=(g++)
    fi
fi

if [ ${#packages[@]} -gt 0 ]; then
    by_hand="install ${packages[*]} (Debian, Ubuntu: sudo apt-get install ${packages[*]}) and run this again."
    command -v apt-get >/dev/null || refuse "a system package is missing; $by_hand"
    rights=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || refuse "a system package is missing; $by_hand"
        rights=(sudo -n)
    fi
    echo "maxwell: installing ${packages[*]} with apt-get"
    install=(${rights[@]+"${rights[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}")
    # A fresh machine has no package lists yet, or old ones.
    "${install[@]}" >/dev/null 2>&1 || {
        ${rights[@]+"${rights[@]}"} apt-get update -qq && "${install[@]}" >/dev/null
    } || refuse "apt-get could not install ${packages[*]}; $by_hand"
fi

python3 tools/fetch_libtorch.py
