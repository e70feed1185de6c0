"""Freezes the documents of each version in contracts/: its contract with clients. Releases it as the baseline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts import kinds
from contracts.baselines import write_baseline
from contracts.compat.exceptions import remove_exceptions
from contracts.documents import canonical_json
from contracts.kinds import ContractKind
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import read_record, recorded_form
from versions.registry import VERSIONS

EXCEPTIONS: Final = "exceptions.toml"


def read_digests(kind: ContractKind) -> dict[str, str | None]:
    """The digest of the baseline of each recorded version, ``None`` for a version that was not released."""
    return kind.digests(read_record(lifecycle_record.RECORD))


def freeze() -> list[Path]:
    """Write all documents and the record of the version lifecycles. Returns the paths of changed files."""
    changed = []
    for version in VERSIONS:
        for kind in kinds.all_kinds():
            path, text = kind.frozen_path(version.name, kinds.FOLDER), canonical_json(kind.build(version))
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                changed.append(path)
    return changed + _write_record({})


def replaced_baselines(version: str) -> list[Path]:
    """The baselines of a version that its next release replaces with other documents."""
    pairs = [
        (kind.baseline_path(version, kinds.FOLDER), kind.frozen_path(version, kinds.FOLDER))
        for kind in kinds.all_kinds()
    ]
    return [old for old, new in pairs if old.exists() and old.read_bytes() != new.read_bytes()]


def release(version: str) -> list[Path]:
    """Make the frozen documents of a version its baselines, which ends its exceptions. Returns the changed files.

    The caller has checked that the frozen documents keep what was released before.
    """
    changed: list[Path] = []
    digests: dict[str, dict[str, str | None]] = {}
    for kind in kinds.all_kinds():
        path = kind.baseline_path(version, kinds.FOLDER)
        before = path.read_bytes() if path.exists() else None
        path, digest = write_baseline(kind, version, kinds.FOLDER)
        digests[kind.suffix] = {version: digest}
        if path.read_bytes() != before:
            changed.append(path)
    exceptions = kinds.FOLDER / EXCEPTIONS
    if remove_exceptions(exceptions, version):
        changed.append(exceptions)
    return changed + _write_record(digests)


def _write_record(released: Mapping[str, dict[str, str | None]]) -> list[Path]:
    """``released``: new digests, by kind and version."""
    record = lifecycle_record.RECORD
    digests = [read_digests(kind) | released.get(kind.suffix, {}) for kind in (kinds.OPENAPI, kinds.ASYNCAPI)]
    if (form := recorded_form(VERSIONS, *digests)) == (record.read_bytes() if record.exists() else b""):
        return []
    record.write_bytes(form)
    return [record]
