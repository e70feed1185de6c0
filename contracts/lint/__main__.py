"""``python -m contracts.lint``: exit status 1 if a linter reports a problem, or cannot run in CI."""

import os
import sys

from contracts.lint.linters import lint
from contracts.lint.node import missing_tools


def main() -> int:
    """Run the linters. Returns the exit status."""
    if (reason := missing_tools()) is not None:
        sys.stderr.write(f"The contracts were not linted: {reason}\n")
        return 1 if os.environ.get("CI") else 0
    results = lint()
    for result in results:
        if result.failed:
            sys.stderr.write(f"{result.report}\n")
        else:
            sys.stdout.write(f"{result.linter} found no problem in the contracts.\n")
    return 1 if any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
