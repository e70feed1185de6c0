"""``strata-contract diff``: the comparison as a command of its own distribution."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.compat import NotOpenAPI, diff
from contracts.compat.impact.annotation import annotated, choose_version, read_usage
from contracts.compat.impact.evidence import NotUsage
from contracts.compat.reports import FORMATS
from contracts.compat.sources import path_of, read_source

BREAKS: Final = 1
MISUSED: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns 0, 1 for a breaking change, or 2 for a document that is not OpenAPI."""
    given = _parser().parse_args(arguments)
    if given.old == given.new == "-":
        sys.stderr.write("Error: Only one of OLD and NEW can be standard input.\n")
        return MISUSED
    try:
        old = read_source(given.old)
        report = diff(old, read_source(given.new), located=given.usage is not None)
        if given.usage is not None:
            evidence = read_usage(given.usage)
            report = annotated(report, evidence, choose_version(old, evidence, given.usage_version))
    except NotOpenAPI as error:
        sys.stderr.write(f"Error: {error}\n  -> Both documents must be OpenAPI 3, or both AsyncAPI 3.\n")
        return MISUSED
    except NotUsage as error:
        sys.stderr.write(
            f"Error: {error}\n  -> `strata usage export` writes the file; --usage-version names a version.\n"
        )
        return MISUSED
    sys.stdout.write(FORMATS[given.format](report, path_of(given.new)))
    return BREAKS if report.breaks else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="strata-contract", description="Compares OpenAPI documents.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compare = commands.add_parser(
        "diff",
        help="report the effect of a change on clients",
        description="Reports the effect of a change on clients. Exit codes: 0 safe, 1 breaking, 2 not OpenAPI.",
    )
    source = "a file, - for standard input, or git:REV:PATH"
    compare.add_argument("old", metavar="OLD", help=f"the document that clients use: {source}")
    compare.add_argument("new", metavar="NEW", help=f"the changed document: {source}")
    compare.add_argument("--format", choices=sorted(FORMATS), default="text", help="the output format; default: text")
    compare.add_argument("--usage", metavar="FILE", type=Path, help="evidence of usage: adds the affected consumers")
    compare.add_argument(
        "--usage-version", metavar="NAME", help="the version that OLD describes; default: by its server"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
