"""Reads and writes the JSON documents of this folder."""

import json
from pathlib import Path
from typing import Any

from contracts.compat import NotOpenAPI


def canonical_json(content: dict[str, Any]) -> str:
    """The document as JSON with sorted keys, an indent of two spaces and a final newline."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def parse_document(text: str, path: Path) -> dict[str, Any]:
    """The document in the text of a file. Raises ``NotOpenAPI``."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise NotOpenAPI(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise NotOpenAPI(f"{path}: the top level is not an object")
    return content
