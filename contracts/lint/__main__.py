"""``python -m contracts.lint``: exit status 1 when a linter finds anything, or in CI when it cannot run."""

import os
import sys

from contracts.lint.linters import lint
from contracts.lint.node import lacking


def main() -> int:
    """The exit status."""
    if (reason := lacking()) is not None:
        sys.stderr.write(f"The contracts were not linted: {reason}\n")
        return 1 if os.environ.get("CI") else 0
    outcomes = lint()
    for outcome in outcomes:
        if outcome.failed:
            sys.stderr.write(f"{outcome.report}\n")
        else:
            sys.stdout.write(f"{outcome.linter} has nothing to say about the contracts.\n")
    return 1 if any(outcome.failed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
