"""Joins the rows of PostgreSQL to a document."""

from typing import Any, Final

import orjson

from app.exports.commands import ExportForm, ExportFormat
from app.kit.db.copies import CopyOptions

_CSV: Final[dict[str, Any]] = {"format": "csv", "header": True}
_RAW_JSON: Final[dict[str, Any]] = {"format": "csv", "quote": "\x01", "delimiter": "\x02"}
"""JSON contains neither character and no line break, so each row is written as it is."""
SEPARATOR: Final = ","
"""PostgreSQL writes it before each row of a document of JSON, so that chunks pass through this process unchanged."""


def options(form: ExportFormat) -> CopyOptions:
    """How PostgreSQL writes rows."""
    return _CSV if form is ExportFormat.CSV else _RAW_JSON


class ExportBody:
    """The document of an export, chunk by chunk. A document of JSON that is cut is invalid."""

    def __init__(self, form: ExportForm) -> None:
        self._form = form

    def first(self, chunk: bytes) -> bytes:
        """The beginning of the document. ``chunk`` contains the first rows, or nothing if there are none."""
        if self._form.format is not ExportFormat.JSON:
            return chunk
        return b"{%b:[%b" % (orjson.dumps(self._form.items), chunk.removeprefix(SEPARATOR.encode()))

    def tail(self, rows: int) -> bytes:
        """What follows the last row. ``rows`` is the number of all rows."""
        if self._form.format is ExportFormat.JSON:
            total = b"" if self._form.total is None else b",%b:%d" % (orjson.dumps(self._form.total), rows)
            return b"]%b}\n" % total
        return b'{"_end":{"rows":%d}}\n' % rows if self._form.trailer else b""
