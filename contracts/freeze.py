"""Freezes the OpenAPI document of each version in contracts/: its contract with clients."""

import json
from pathlib import Path
from typing import Any, Final

from app.settings.http import HttpSettings
from versions.kit.lifecycle_record import RECORD, recorded_form
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

FOLDER: Final = Path(__file__).parent


def document(version: ApiVersion) -> dict[str, Any]:
    """The OpenAPI document that the code of a version generates."""
    return version.build(version, HttpSettings()).openapi()


def canonical_json(content: dict[str, Any]) -> str:
    """The document as JSON with sorted keys, an indent of two spaces and a final newline."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def frozen_path(version: ApiVersion) -> Path:
    """The path of the frozen document of a version."""
    return FOLDER / f"{version.name}.openapi.json"


def freeze() -> list[Path]:
    """Write all documents and the record of the version lifecycles. Returns the paths of changed files."""
    changed = []
    for version in VERSIONS:
        path, text = frozen_path(version), canonical_json(document(version))
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    if (form := recorded_form(VERSIONS)) != (RECORD.read_bytes() if RECORD.exists() else b""):
        RECORD.write_bytes(form)
        changed.append(RECORD)
    return changed
