"""Plants mutants into the application of this process and asks the laws."""

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
from tests.laws.mutants.mutate import Mutant
from tests.laws.mutants.targets import FAMILIES
from tests.support.contract import CONTRACTS
from tests.support.postgres import end_sessions

EXAMPLES: Final = 8
LONGEST: Final = 120
"""Seconds for one mutant; what takes longer is caught by its slowness."""
_REBUILT: Final = ("versions.v1", "versions.v2", "versions.registry", "app.main", "app.web")


class TooSlowError(BaseException):
    """The mutant runs on and on."""


class BrokenPromiseError(Exception):
    """The document is not the frozen one."""


class _Planted(MetaPathFinder, Loader):
    """Imports one module from other source."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002 - importlib's signature
        return ModuleSpec(name, self) if name == self._mutant.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.code, self._mutant.module, "exec"), module.__dict__)  # noqa: S102 - our own source


class Worker:
    """Judges mutants one after another."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self._dsn = dsn
        self._settings = settings
        self._stage: VersionsHarness | None = None
        self._order = list(LAWS)

    def judge(self, mutant: Mutant) -> str | None:
        """What caught the mutant, or None when nothing did."""
        signal.signal(signal.SIGALRM, _too_slow)
        signal.alarm(LONGEST)
        try:
            with self._planted(mutant) as harness:
                for law in self._laws(mutant.module):
                    if (caught := self._ask(law, harness)) is not None:
                        return caught
        except TooSlowError:
            # What it was doing holds locks, for which the next stage would wait as long again.
            self._stage = None
            asyncio.run(end_sessions(self._dsn))
            return "too slow"
        except Exception as error:  # noqa: BLE001 - a mutant that cannot be imported is caught too
            return "the frozen contract" if isinstance(error, BrokenPromiseError) else f"import: {type(error).__name__}"
        finally:
            signal.alarm(0)
        return None

    def _ask(self, law: Law, harness: VersionsHarness) -> str | None:
        try:
            law.check(harness, first_failure_only(EXAMPLES))
        except TooSlowError:
            raise
        except BaseException:  # noqa: BLE001 - whatever a law raises is a catch
            # Who caught one mutant catches its neighbours.
            self._order.remove(law)
            self._order.insert(0, law)
            return law.name
        return None

    def _laws(self, module: str) -> Sequence[Law]:
        """Those of the families that the module has to do with."""
        families = next(families for part, families in FAMILIES.items() if part in module.split("."))
        return [law for law in self._order if law.name.partition(".")[0] in families]

    @contextmanager
    def _planted(self, mutant: Mutant) -> Iterator[VersionsHarness]:
        if mutant.late and mutant.module.endswith(".mapping"):
            # Routes look their mappings up in the module, so the application can stay.
            if self._stage is None:
                self._stage = VersionsHarness(self._dsn, self._settings)
            module = sys.modules[mutant.module]
            exec(compile(mutant.code, mutant.module, "exec"), module.__dict__)  # noqa: S102 - our own source
            try:
                yield self._stage
            finally:
                source = Path(str(module.__file__)).read_text(encoding="utf-8")
                exec(compile(source, mutant.module, "exec"), module.__dict__)  # noqa: S102 - our own source
            return
        if self._stage is not None:
            # It has the same people in a transaction of its own, and the other would wait for their addresses.
            self._stage.close()
            self._stage = None
        with _imported_anew(mutant):
            create_app = importlib.import_module("app.main").create_app
            _ensure_as_promised()
            with patch.object(tests.laws.harness, "create_app", create_app):
                harness = VersionsHarness(self._dsn, self._settings)
            try:
                yield harness
            finally:
                harness.close()


@contextmanager
def _imported_anew(mutant: Mutant) -> Iterator[None]:
    """Every module that is made of the mutant's is imported once more inside, and is what it was afterwards."""
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
            # A package knows its modules by name, too.
            package, _, attribute = name.rpartition(".")
            if package in sys.modules:
                setattr(sys.modules[package], attribute, module)


def _ensure_as_promised() -> None:
    """The documents are the frozen ones: what the gate of ``make check`` asks."""
    registry = importlib.import_module("versions.registry")
    for version in registry.VERSIONS:
        document = version.build(version, HttpSettings()).openapi()
        frozen = json.loads((CONTRACTS / f"{version.name}.openapi.json").read_text())
        if document != frozen:
            raise BrokenPromiseError


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError
