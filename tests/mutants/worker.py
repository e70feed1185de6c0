"""Plants mutants into the application of this process, and runs the laws."""

import asyncio
import importlib
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final
from unittest.mock import patch

import tests.laws.harness
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.laws.all import LAWS
from tests.laws.harness import VersionsHarness
from tests.laws.law import Law, first_failure_only
from tests.mutants.mutate import Mutant
from tests.mutants.targets import FAMILIES
from tests.support.contract import CONTRACTS
from tests.support.postgres import end_sessions

EXAMPLES: Final = 8
MAX_SECONDS: Final = 120
"""Seconds per mutant. A slower one counts as caught."""
_REBUILT: Final = ("versions.v1", "versions.v2", "versions.registry", "app.main", "app.web")


class TooSlowError(BaseException):
    """The mutant exceeded the time limit."""


class ChangedDocumentError(Exception):
    """The document differs from the frozen contract."""


class _Planted(MetaPathFinder, Loader):
    """Imports one module from the source of its mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002 - importlib's signature
        return ModuleSpec(name, self) if name == self._mutant.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.code, self._mutant.module, "exec"), module.__dict__)  # noqa: S102 - our own source


class Worker:
    """Runs the laws against one mutant after another."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self._dsn = dsn
        self._settings = settings
        self._harness: VersionsHarness | None = None
        self._order = list(LAWS)

    def run_laws(self, mutant: Mutant) -> str | None:
        """The law or other check that caught the mutant, or None."""
        signal.signal(signal.SIGALRM, _too_slow)
        signal.alarm(MAX_SECONDS)
        try:
            with self._planted(mutant) as harness:
                for law in self._laws(mutant.module):
                    if (caught := self._run(law, harness)) is not None:
                        return caught
        except TooSlowError:
            # The interrupted transaction holds locks that would block the next harness.
            self._harness = None
            asyncio.run(end_sessions(self._dsn))
            return "too slow"
        except Exception as error:  # noqa: BLE001 - a mutant that cannot be imported is caught too
            return (
                "the frozen contract" if isinstance(error, ChangedDocumentError) else f"import: {type(error).__name__}"
            )
        finally:
            signal.alarm(0)
        return None

    def _run(self, law: Law, harness: VersionsHarness) -> str | None:
        try:
            law.check(harness, first_failure_only(EXAMPLES))
        except TooSlowError:
            raise
        except BaseException:  # noqa: BLE001 - any exception of a law counts as a catch
            # This law runs first for the next mutants: neighbours are often caught by the same law.
            self._order.remove(law)
            self._order.insert(0, law)
            return law.name
        return None

    def _laws(self, module: str) -> Sequence[Law]:
        """The laws of the module's families."""
        families = next(families for part, families in FAMILIES.items() if part in module.split("."))
        return [law for law in self._order if law.name.partition(".")[0] in families]

    @contextmanager
    def _planted(self, mutant: Mutant) -> Iterator[VersionsHarness]:
        if mutant.late and mutant.module.endswith(".mapping"):
            # Routes look up mappings in the module at each call, so the application is reused.
            if self._harness is None:
                self._harness = VersionsHarness(self._dsn, self._settings)
            module = sys.modules[mutant.module]
            exec(compile(mutant.code, mutant.module, "exec"), module.__dict__)  # noqa: S102 - our own source
            try:
                yield self._harness
            finally:
                source = Path(str(module.__file__)).read_text(encoding="utf-8")
                exec(compile(source, mutant.module, "exec"), module.__dict__)  # noqa: S102 - our own source
            return
        if self._harness is not None:
            # Two harnesses insert the same addresses: the second would wait for the transaction of the first.
            self._harness.close()
            self._harness = None
        with _imported_anew(mutant):
            create_app = importlib.import_module("app.main").create_app
            _ensure_documents_are_frozen()
            with patch.object(tests.laws.harness, "create_app", create_app):
                harness = VersionsHarness(self._dsn, self._settings)
            try:
                yield harness
            finally:
                harness.close()


@contextmanager
def _imported_anew(mutant: Mutant) -> Iterator[None]:
    """Import all modules that depend on the mutant anew inside the block, and restore the originals afterwards."""
    finder = _Planted(mutant)
    originals = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(_REBUILT)}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith(_REBUILT)]:
            del sys.modules[name]
        sys.modules.update(originals)
        for name, module in originals.items():
            # A package also has its modules as attributes.
            package, _, attribute = name.rpartition(".")
            if package in sys.modules:
                setattr(sys.modules[package], attribute, module)


def _ensure_documents_are_frozen() -> None:
    """Raise unless the documents equal the frozen contracts, which ``make check`` compares too."""
    registry = importlib.import_module("versions.registry")
    for version in registry.VERSIONS:
        document = version.build(version, HttpSettings()).openapi()
        frozen = json.loads((CONTRACTS / f"{version.name}.openapi.json").read_text())
        if document != frozen:
            raise ChangedDocumentError


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError
