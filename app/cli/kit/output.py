"""Output of commands: tables, text and JSON on stdout, errors on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.kit.clock import rfc3339

_WIDE: Final = 10_000
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


class CommandError(Exception):
    """An expected failure: one line with the problem, and advice on what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


def say(*lines: str | Text) -> None:
    """Print lines verbatim, without markup or wrapping, so that they can be copied."""
    console = Console(highlight=False)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def show_failure(message: str, advice: str = "") -> None:
    """Print an error and the advice on stderr."""
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("Error: ", "bold red"), message), soft_wrap=True)
    if advice:
        console.print(Text.assemble(("  -> ", "bold"), advice), soft_wrap=True)


def show_json(value: Any) -> None:
    """Print a value as JSON; times are RFC 3339 in UTC, identifiers strings."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain, ensure_ascii=False) + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, empty: str) -> None:
    """Print a table, or the text ``empty`` if there are no rows."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    if not table.row_count:
        say(empty)
        return
    # Cells are truncated on a terminal only.
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def _plain(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
