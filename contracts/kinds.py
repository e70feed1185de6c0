"""The kinds of contracts. OpenAPI is the only one; what depends on the kind is a member of ``ContractKind``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.settings.http import HttpSettings
from contracts.compat import Report, diff
from versions.kit.version import ApiVersion

FOLDER: Final = Path(__file__).parent


def _compare_openapi(old: dict[str, Any], new: dict[str, Any], today: date) -> Report:
    return diff(old, new, today=today)


def _build_openapi(version: ApiVersion) -> dict[str, Any]:
    return version.build(version, HttpSettings()).openapi()


@dataclass(frozen=True, slots=True)
class ContractKind:
    """A kind of contract: the names of its files, how the code generates it and how two of them are compared."""

    suffix: str
    build: Callable[[ApiVersion], dict[str, Any]]
    compare: Callable[[dict[str, Any], dict[str, Any], date], Report]

    def frozen_path(self, version: str, folder: Path = FOLDER) -> Path:
        """The path of the frozen document of a version."""
        return folder / f"{version}.{self.suffix}"

    def baseline_path(self, version: str, folder: Path = FOLDER) -> Path:
        """The path of the released document of a version."""
        return folder / "released" / f"{version}.{self.suffix}"


OPENAPI: Final = ContractKind("openapi.json", _build_openapi, _compare_openapi)
