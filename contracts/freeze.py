"""Freezes the OpenAPI document of each version: what it promises from now on."""

import json
from pathlib import Path
from typing import Any, Final

from app.settings.groups import HttpSettings
from versions.kit.lifecycle_record import RECORD, recorded_form
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

FOLDER: Final = Path(__file__).parent


def document(version: ApiVersion) -> dict[str, Any]:
    """What the code says now."""
    return version.build(version, HttpSettings()).openapi()


def canonical(content: dict[str, Any]) -> str:
    """The one way to write a document down: sorted keys, two spaces, a final newline."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def frozen_path(version: ApiVersion) -> Path:
    """Where the promise of a version lies."""
    return FOLDER / f"{version.name}.openapi.json"


def freeze() -> list[Path]:
    """Write every document, and the record of the versions' lives; those that changed."""
    changed = []
    for version in VERSIONS:
        path, text = frozen_path(version), canonical(document(version))
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    if (form := recorded_form(VERSIONS)) != (RECORD.read_bytes() if RECORD.exists() else b""):
        RECORD.write_bytes(form)
        changed.append(RECORD)
    return changed
