#!/usr/bin/env python3
"""Checks that each module's sources import only what Package.swift declares for it, and system modules.

An incremental build lets an undeclared import pass; a build from clean then fails.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

SYSTEM = {
    "Swift", "Foundation", "FoundationEssentials", "FoundationNetworking", "FoundationXML", "Synchronization",
    "Dispatch", "Glibc", "Musl", "Darwin",
}
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|var|let)\s+)?(\w+)", re.MULTILINE)


def declared(target):
    names = set()
    for dependency in target["dependencies"]:
        # {"byName": [name, condition]}, {"target": [name, ...]}, {"product": [name, package, ...]}; every product
        # that we use carries the name of its module.
        names.update(value[0] for value in dependency.values())
    return names


def main():
    root = Path(__file__).resolve().parent.parent
    # A scratch folder of its own: a build that is running elsewhere would hold the usual one.
    command = ["swift", "package", "--package-path", str(root), "--scratch-path", str(root / ".build" / "imports")]
    described = subprocess.run(command + ["dump-package"], stdout=subprocess.PIPE, universal_newlines=True)
    if described.returncode != 0:
        sys.exit("imports: Package.swift could not be read; see above.")
    complaints = 0
    for target in json.loads(described.stdout)["targets"]:
        allowed = declared(target) | SYSTEM | {target["name"]}
        if target["type"] == "test":
            allowed.add("Testing")
        for source in sorted((root / target["path"]).rglob("*.swift")):
            text = source.read_text()
            for match in IMPORT.finditer(text):
                if match.group(1) not in allowed:
                    line = text.count("\n", 0, match.start(1)) + 1
                    print(f"{source.relative_to(root)}:{line}: {target['name']} imports {match.group(1)}, "
                          "which Package.swift does not declare for it.")
                    complaints += 1
    sys.exit(1 if complaints else 0)


main()
