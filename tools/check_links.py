#!/usr/bin/env python3
"""Checks that the relative links of the Markdown files lead to files that exist."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def main():
    root = Path(__file__).resolve().parent.parent
    complaints = 0
    for page in sorted(root.rglob("*.md")):
        parts = page.relative_to(root).parts
        if any(part.startswith(".") for part in parts) or parts[0] == "runs":
            continue
        # Code keeps its lines, so that the line numbers below stay right, and loses its links.
        text = FENCED.sub(lambda block: "\n" * block.group().count("\n"), page.read_text())
        text = re.sub(r"`[^`\n]*`", "", text)
        for match in LINK.finditer(text):
            target = unquote(match.group(1).split("#")[0])
            if not target or re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            if not (page.parent / target).exists():
                line = text.count("\n", 0, match.start()) + 1
                print(f"{page.relative_to(root)}:{line}: the link to {match.group(1)} leads nowhere.")
                complaints += 1
    sys.exit(1 if complaints else 0)


main()
