"""The documentation of exports."""

from collections.abc import Sequence
from typing import Any, Final

from app.exports.commands import MEDIA_TYPES, Columns, ExportFormat
from app.http.transfers import Transfer
from versions.kit.openapi import header
from versions.kit.operations import Success

COST: Final = 10
"""Units of the rate limit: an export reads a whole table."""
TRANSFER: Final = Transfer()
CUT: Final = (
    "A failure after the first row ends the connection without the end of the body, which HTTP clients report as an "
    "error."
)
FORMULAS: Final = (
    "In CSV, a text that a spreadsheet would calculate (it begins with `=`, `+`, `-`, `@`, a tab or a line break) has "
    '`\'` in front; null is an empty cell, an empty text is `""`.'
)


def export(formats: Sequence[ExportFormat], columns: Columns, document: dict[str, Any]) -> Success:
    """The success response of an export. ``document`` is the schema of the JSON document."""
    schemas = {
        ExportFormat.CSV: _text("A line with the names, then one for each row (RFC 4180).", _line(columns)),
        ExportFormat.NDJSON: _text("One JSON object for each row, each on a line.", '{"id":"..."}'),
        ExportFormat.JSON: document,
    }
    return {
        200: {
            "description": "The rows, as one snapshot.",
            "content": {MEDIA_TYPES[form]: {"schema": schemas[form]} for form in formats},
            "headers": {
                "Content-Disposition": header("`attachment` with the name of a file.", required=True),
                "Content-Encoding": header("`zstd` or `gzip`, if `Accept-Encoding` prefers it."),
                "X-Accel-Buffering": header("`no`: a proxy must pass each part on at once.", required=True),
            },
        }
    }


def _line(columns: Columns) -> str:
    return ",".join(column.name for column in columns)


def _text(description: str, example: str) -> dict[str, Any]:
    return {"type": "string", "description": description, "examples": [example]}
