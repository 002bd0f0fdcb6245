"""`python -m tests.hosts krita-6.0` makes the root file systems of the hosts named; stdlib only."""

from __future__ import annotations

import sys

from tests.hosts.roots import RECIPES, NoRoot, root_for


def main() -> int:
    """0, or 1 with a sentence where one cannot be had."""
    for name in sys.argv[1:]:
        if name not in RECIPES:
            print(f"No host is called '{name}'; use {', '.join(RECIPES)}.", file=sys.stderr)
            return 1
        try:
            print(f"{name}: {root_for(name)}")
        except NoRoot as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
