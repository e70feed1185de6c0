"""The kinds of contracts: OpenAPI, and AsyncAPI for live channels. What differs is a member of ``ContractKind``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from app.settings.http import HttpSettings
from contracts.comparisons import compared
from contracts.compat import Report
from versions.kit.asyncapi import asyncapi_document
from versions.kit.lifecycle_record import RecordedLifecycle, baselines_of, channel_baselines_of
from versions.kit.version import ApiVersion

FOLDER: Final = Path(__file__).parent


def _compare(old: dict[str, Any], new: dict[str, Any], today: date) -> Report:
    return Report(()) if old == new else compared(old, new, today)


@cache
def _application(version: ApiVersion) -> FastAPI:
    """The application of a version, which both kinds describe; the code of a process does not change."""
    return version.build(version, HttpSettings())


def _build_openapi(version: ApiVersion) -> dict[str, Any]:
    return _application(version).openapi()


@cache
def _build_asyncapi(version: ApiVersion) -> dict[str, Any]:
    return asyncapi_document(_application(version), version)


@dataclass(frozen=True, slots=True)
class ContractKind:
    """A kind of contract: the names of its files, how the code generates it and how two of them are compared."""

    suffix: str
    build: Callable[[ApiVersion], dict[str, Any]]
    compare: Callable[[dict[str, Any], dict[str, Any], date], Report]
    digests: Callable[[Mapping[str, RecordedLifecycle]], dict[str, str | None]]
    """The digests of the released documents in the record of the lifecycles, by version."""

    def frozen_path(self, version: str, folder: Path = FOLDER) -> Path:
        """The path of the frozen document of a version."""
        return folder / f"{version}.{self.suffix}"

    def baseline_path(self, version: str, folder: Path = FOLDER) -> Path:
        """The path of the released document of a version."""
        return folder / "released" / f"{version}.{self.suffix}"


OPENAPI: Final = ContractKind("openapi.json", _build_openapi, _compare, baselines_of)
ASYNCAPI: Final = ContractKind("asyncapi.json", _build_asyncapi, _compare, channel_baselines_of)


def all_kinds() -> tuple[ContractKind, ...]:
    """Every kind."""
    return (OPENAPI, ASYNCAPI)
