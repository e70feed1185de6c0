"""A copy of the sources of the migration guide that tests can edit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts import kinds
from contracts.guide import build

Json = dict[str, Any]
PAIR = "v1-to-v2"


class GuideSources:
    """A copy of the sources and the outputs of the guide."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes = root / "changes"
        self.folder = self.changes / PAIR
        shutil.copytree(build.CHANGES, self.changes)
        (root / build.PAGES).mkdir(parents=True)
        for path in (build.CHANGELOG, build.PAGES / f"{PAIR}.md", build.PAGES / f"{PAIR}.json"):
            shutil.copy(build.ROOT / path, root / path)
        for version in ("v1", "v2"):
            shutil.copy(kinds.FOLDER / f"{version}.openapi.json", root)

    def build(self) -> build.BuildResult:
        return build.build(self.changes, self.root, self.root)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def edit_contract(self, version: str, change: Callable[[Json], Any]) -> None:
        path = self.root / f"{version}.openapi.json"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
