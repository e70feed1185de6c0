"""Remembers which documents a linter found no problem in, so that it reads only new and changed ones.

A document is linted again when it, a setting of the linter, the locked programs or this package changes. Documents with
problems are not remembered.
"""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_FILE: Final = Path(".cache/passed.json")


class Passed:
    """The documents without problems, by a digest of all that decides about them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._known = _read(self._path)
        # Digests of earlier documents are forgotten when the file is written.
        self._current: set[str] = set()
        self._programs = (folder / "package-lock.json", *sorted(Path(__file__).parent.glob("*.py")))

    def key(self, linter: str, document: Path, settings: Iterable[Path]) -> str:
        """The digest of a document and of what a linter does with it. Files of settings may not exist."""
        key = hashlib.sha256(f"{linter} {document.name}".encode())
        for path in (document, *settings, *self._programs):
            content = path.read_bytes() if path.exists() else b"absent"
            key.update(hashlib.sha256(content).digest())
        return key.hexdigest()

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def add(self, keys: Iterable[str]) -> None:
        """Remember documents without problems."""
        self._current.update(keys)

    def save(self) -> None:
        """Write the file. In a folder that is not writable, the next run lints every document."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            # Other runs may read and write the file meanwhile.
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as written:
                json.dump(sorted(self._current), written)
            Path(written.name).replace(self._path)


def _read(path: Path) -> frozenset[str]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(found) if isinstance(found, list) else frozenset()
