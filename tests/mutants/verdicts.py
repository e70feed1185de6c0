"""Mutants and verdicts of earlier runs, in an ignored folder: only what changed is judged again."""

import json
import pickle
from collections.abc import Sequence
from typing import Final

from tests.mutants.mutate import Mutant, mutants
from tests.mutants.pool import CACHE, Verdict, digest, digest_of_files
from tests.mutants.server import DOCUMENTS
from tests.mutants.targets import ROOT, path_of

_OPERATORS: Final = ("tests/mutants/mutate.py", "tests/mutants/noise.py")


def mutants_of(module: str) -> list[Mutant]:
    """The mutants of a module, generated once per state of its source: a large one takes seconds."""
    source = (ROOT / path_of(module)).read_text(encoding="utf-8")
    file = CACHE / "mutants" / digest(module, source, digest_of_files(_OPERATORS))
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(list(mutants(module, source))))
    found: list[Mutant] = pickle.loads(file.read_bytes())  # noqa: S301 - written by this function
    return found


class Verdicts:
    """Verdicts by mutant. One is valid while the catching test, or every test that did not catch, is unchanged."""

    def __init__(self, package: str, files: Sequence[str]) -> None:
        self._path = CACHE / "verdicts" / f"{package.replace('/', '.')}.json"
        self._files = digest_of_files(files)
        self._known: dict[str, tuple[str, str]] = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._digests: dict[str, str] = {}

    def find(self, mutant: Mutant) -> Verdict | None:
        catcher, valid_for = self._known.get(mutant.digest, ("", None))
        return Verdict(mutant, catcher) if valid_for == self._digest_for(catcher) else None

    def add(self, verdict: Verdict) -> None:
        self._known[verdict.mutant.digest] = (verdict.catcher, self._digest_for(verdict.catcher))

    def save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._known), encoding="utf-8")

    def _digest_for(self, catcher: str) -> str:
        if not catcher:
            return self._files
        file = catcher.partition("::")[0]
        if catcher == DOCUMENTS or not (ROOT / file).is_file():
            return ""
        if file not in self._digests:
            self._digests[file] = digest_of_files([file])
        return self._digests[file]
