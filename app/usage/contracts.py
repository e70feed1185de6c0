"""What the evidence needs of the frozen contracts: the method and path of each operation, and the events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

_SUFFIX: Final = ".openapi.json"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


@dataclass(frozen=True, slots=True)
class UsedContract:
    """The contract of one version."""

    operations: Mapping[str, str]
    """``GET /posts/{post_id}`` by operation id."""
    events: Sequence[str]
    digest: str
    """SHA-256 of the document, in hexadecimal."""


def read_contracts(folder: Path) -> Mapping[str, UsedContract]:
    """The contracts of a folder by version. Raises ``OSError``."""
    return {path.name.removesuffix(_SUFFIX): _read(path) for path in sorted(folder.glob(f"*{_SUFFIX}"))}


def _read(path: Path) -> UsedContract:
    content = path.read_bytes()
    document = orjson.loads(content)
    operations = {
        operation["operationId"]: f"{method.upper()} {template}"
        for template, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    }
    return UsedContract(operations, sorted(document.get("webhooks", ())), sha256(content).hexdigest())
