"""Reads and writes the JSON documents of this folder."""

import json
import re
from pathlib import Path
from typing import Any, Final

import orjson

from contracts.compat import NotOpenAPI

_CANONICAL: Final = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
# Numbers that orjson writes in another form than Python: 0.00001 for 1e-05, 1e-7 for 1e-07.
_OTHER_FORM: Final = re.compile(rb"e-\d+,?\n|0\.0000")


def canonical_json(content: dict[str, Any]) -> str:
    """The document as JSON with sorted keys, an indent of two spaces and a final newline."""
    # The module of Python needs 25 times as long.
    try:
        text = orjson.dumps(content, option=_CANONICAL)
    except TypeError:
        # A number has more than 64 bits, or the nesting is deeper than orjson accepts.
        text = None
    if text is None or _OTHER_FORM.search(text):
        return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return text.decode()


def parse_document(text: str, path: Path) -> dict[str, Any]:
    """The document in the text of a file. Raises ``NotOpenAPI``."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise NotOpenAPI(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise NotOpenAPI(f"{path}: the top level is not an object")
    return content
