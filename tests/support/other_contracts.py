"""Contracts that the code violates in known places, for servers that check every exchange."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.operations import VERSIONS, Document, document
from tests.support.wire import WIRE

ME, POSTS = f"/api/{WIRE}/me", f"/api/{WIRE}/posts"
"""The violations: in every response, and by accepting every request."""
_SHORT = 3


def audited(folder: Path) -> Mapping[str, str]:
    """Settings under which every exchange is checked against a contract that one version violates in two places.

    ``GET /me`` returns longer names than the contract allows, and ``POST /posts`` accepts longer titles.
    """
    violated = copy.deepcopy(document(WIRE))
    schemas = violated["components"]["schemas"]
    schemas["User"]["properties"]["display_name"]["maxLength"] = _SHORT
    schemas["PostCreate"]["properties"]["title"]["maxLength"] = _SHORT
    return _settings(folder, {version: document(version) for version in VERSIONS} | {WIRE: violated})


def hostile(folder: Path) -> Mapping[str, str]:
    """Settings that check every exchange against contracts that allow no text anywhere."""
    found = {version: copy.deepcopy(document(version)) for version in VERSIONS}
    for schema in _schemas(found):
        schema["maxLength"] = 0
    return _settings(folder, found)


def _settings(folder: Path, documents: Mapping[str, Document]) -> Mapping[str, str]:
    folder.mkdir()
    for version, content in documents.items():
        (folder / f"{version}.openapi.json").write_text(json.dumps(content))
    return {"STRATA_CONFORMANCE__SAMPLE_RATIO": "1", "STRATA_CONFORMANCE__CONTRACTS": str(folder)}


def _schemas(node: Any) -> Iterator[Document]:
    """Every schema of a text, or of a value that may be one."""
    if isinstance(node, dict):
        if node.get("type") == "string":
            yield node
        for inner in node.values():
            yield from _schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _schemas(inner)
