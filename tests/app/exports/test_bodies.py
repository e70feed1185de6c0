"""Documents of exports, from chunks of whole rows."""

import pytest

from app.exports.bodies import ExportBody
from app.exports.commands import ExportForm, ExportFormat

LINES = b'{"id":1}\n{"id":2}\n{"id":3}\n'
ELEMENTS = b',{"id":1}\n,{"id":2}\n,{"id":3}\n'


def written(form: ExportForm, chunk: bytes, rows: int) -> bytes:
    body = ExportBody(form)
    return body.first(chunk) + body.tail(rows)


@pytest.mark.parametrize(
    ("form", "chunk", "expected"),
    [
        (ExportForm(ExportFormat.JSON), ELEMENTS, b'{"data":[{"id":1}\n,{"id":2}\n,{"id":3}\n]}\n'),
        (
            ExportForm(ExportFormat.JSON, items="items", total="total"),
            ELEMENTS,
            b'{"items":[{"id":1}\n,{"id":2}\n,{"id":3}\n],"total":3}\n',
        ),
        (ExportForm(ExportFormat.NDJSON), LINES, LINES),
        (ExportForm(ExportFormat.NDJSON, trailer=True), LINES, LINES + b'{"_end":{"rows":3}}\n'),
        (ExportForm(ExportFormat.CSV), b",\n", b",\n"),
    ],
)
def test_rows_are_one_document(form: ExportForm, chunk: bytes, expected: bytes) -> None:
    assert written(form, chunk, 3) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (ExportForm(ExportFormat.JSON), b'{"data":[]}\n'),
        (ExportForm(ExportFormat.NDJSON, trailer=True), b'{"_end":{"rows":0}}\n'),
        (ExportForm(ExportFormat.CSV), b""),
    ],
)
def test_no_rows_are_a_document(form: ExportForm, expected: bytes) -> None:
    assert written(form, b"", 0) == expected
