"""``python -m observability.dashboards [--check]``: writes dashboards and rules, or checks that they are up to date."""

import argparse
import sys
from pathlib import Path

from observability.dashboards.files import differences, write


def main() -> int:
    """Return the exit code, which is 1 if ``--check`` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m observability.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is not current")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository; default: the working directory")
    arguments = parser.parse_args()
    if not arguments.check:
        for path in write(arguments.root):
            sys.stdout.write(f"Written: {path}\n")
        return 0
    found = differences(arguments.root)
    for path in found:
        sys.stderr.write(f"Not current: {path}\n")
    if found:
        sys.stderr.write("Run `python -m observability.dashboards` and commit the result.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
