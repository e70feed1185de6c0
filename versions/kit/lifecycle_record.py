"""The record of earlier lifecycle declarations, against which the registry is validated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from app.kit.clock import utc_now
from app.lifecycle.errors import LifecycleError
from app.lifecycle.rules import validate_lifecycles
from app.lifecycle.version import VersionLifecycle
from versions.kit.version import ApiVersion

RECORD: Final = Path(__file__).parents[1] / "lifecycle.json"
_FIELDS: Final = tuple(VersionLifecycle.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLifecycle(VersionLifecycle):
    """The declaration of a version, and the digests of its released documents; ``None`` before its first release."""

    baseline: str | None
    """That of the OpenAPI document."""
    channels_baseline: str | None
    """That of the AsyncAPI document."""


def ensure_declared(versions: Iterable[ApiVersion], path: Path = RECORD) -> None:
    """Raises ``LifecycleError`` if the registry contradicts itself or breaks a recorded promise."""
    validate_lifecycles(list(versions), read_record(path), utc_now())


def read_record(path: Path = RECORD) -> Mapping[str, RecordedLifecycle]:
    """Returns the recorded lifecycles by version name; empty without a record. Raises ``LifecycleError``."""
    try:
        return {} if not path.exists() else _adapter().validate_json(path.read_bytes())
    except ValidationError as error:
        raise LifecycleError([f"{path.name} cannot be read: {error.errors()[0]['msg']}."]) from None


def baselines_of(record: Mapping[str, RecordedLifecycle]) -> dict[str, str | None]:
    """Returns the digest of the released OpenAPI document of each recorded version, ``None`` without a release."""
    return {name: lifecycle.baseline for name, lifecycle in record.items()}


def channel_baselines_of(record: Mapping[str, RecordedLifecycle]) -> dict[str, str | None]:
    """Returns the same for AsyncAPI documents."""
    return {name: lifecycle.channels_baseline for name, lifecycle in record.items()}


def recorded_form(
    versions: Iterable[ApiVersion],
    baselines: Mapping[str, str | None],
    channel_baselines: Mapping[str, str | None] = MappingProxyType({}),
) -> bytes:
    """Returns the record of these versions as JSON: sorted keys, two spaces of indentation, a final newline.

    ``baselines``: the digests of released documents. A version without one was not released.
    """
    lifecycles = {
        version.name: RecordedLifecycle(
            **{name: getattr(version, name) for name in _FIELDS},
            baseline=baselines.get(version.name),
            channels_baseline=channel_baselines.get(version.name),
        )
        for version in versions
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(_adapter().dump_python(lifecycles, mode="json"), option=options)


@cache
def _adapter() -> TypeAdapter[dict[str, RecordedLifecycle]]:
    return TypeAdapter(dict[str, RecordedLifecycle])
