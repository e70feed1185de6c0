"""Freezes the document of each version in contracts/: its contract with clients. Releases it as the baseline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts import kinds
from contracts.baselines import write_baseline
from contracts.compat.exceptions import remove_exceptions
from contracts.documents import canonical_json
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import baselines_of, read_record, recorded_form
from versions.registry import VERSIONS

EXCEPTIONS: Final = "exceptions.toml"


def read_digests() -> dict[str, str | None]:
    """The digest of the baseline of each recorded version, ``None`` for a version that was not released."""
    return baselines_of(read_record(lifecycle_record.RECORD))


def freeze() -> list[Path]:
    """Write all documents and the record of the version lifecycles. Returns the paths of changed files."""
    changed = []
    for version in VERSIONS:
        path, text = kinds.OPENAPI.frozen_path(version.name, kinds.FOLDER), canonical_json(kinds.OPENAPI.build(version))
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    return changed + _write_record(read_digests())


def release(version: str) -> list[Path]:
    """Make the frozen document of a version its baseline, which ends its exceptions. Returns the changed files.

    The caller has checked that the frozen document keeps what was released before.
    """
    path = kinds.OPENAPI.baseline_path(version, kinds.FOLDER)
    before = path.read_bytes() if path.exists() else None
    path, digest = write_baseline(kinds.OPENAPI, version, kinds.FOLDER)
    changed = [] if path.read_bytes() == before else [path]
    exceptions = kinds.FOLDER / EXCEPTIONS
    if remove_exceptions(exceptions, version):
        changed.append(exceptions)
    return changed + _write_record(read_digests() | {version: digest})


def _write_record(digests: Mapping[str, str | None]) -> list[Path]:
    record = lifecycle_record.RECORD
    if (form := recorded_form(VERSIONS, digests)) == (record.read_bytes() if record.exists() else b""):
        return []
    record.write_bytes(form)
    return [record]
