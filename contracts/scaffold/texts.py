"""Edits of texts that mention a version."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PREVIEW: Final = " (preview)"


def renamed(text: str, old: str, new: str) -> str:
    """Returns the text with the name of a version replaced, also within identifiers: ``V2Route``, ``register_v2``."""
    for before, after in ((old, new), (old.upper(), new.upper())):
        text = re.sub(rf"(?<![A-Za-z0-9]){before}(?![a-z0-9])", after, text)
    return text


def mentions(text: str, name: str) -> bool:
    """Whether a text names a version."""
    return renamed(text, name, "") != text


def with_preview_project(text: str, old: str, new: str) -> str:
    """Returns ``schemathesis.toml`` with the project of the preview ``new`` at its end, a copy of that of ``old``."""
    copies = [renamed(project, old, new) for project in _projects(text) if _is_of(project, old)]
    titled = (re.sub(rf'^(title = ".*\b{new})"$', rf'\1{_PREVIEW}"', one, flags=re.MULTILINE) for one in copies)
    return "".join([text.rstrip("\n"), "\n\n", *titled]).rstrip("\n") + "\n"


def with_promoted_project(text: str, name: str) -> str:
    """Returns ``schemathesis.toml`` with the title that the document of a version has after its promotion."""
    return text.replace(f'{name}{_PREVIEW}"', f'{name}"')


def without_project(text: str, name: str) -> str:
    """Returns ``schemathesis.toml`` without the project of a version."""
    head = re.split(r"^\[\[project\]\]$", text, maxsplit=1, flags=re.MULTILINE)[0]
    return "".join([head, *(one for one in _projects(text) if not _is_of(one, name))]).rstrip("\n") + "\n"


def without_modules(text: str, package: str) -> str:
    """Returns ``survivors.toml`` without the tables about modules of a package."""
    first, *tables = re.split(r"^(?=\[\[survivor\]\]$)", text, flags=re.MULTILINE)
    return "".join([first, *(one for one in tables if f'module = "{package}.' not in one)])


def without_missing_files(text: str, root: Path) -> str:
    """Returns a JSON object, whose keys begin with paths, without the keys whose file does not exist."""
    content: Mapping[str, object] = json.loads(text)
    kept = {key: value for key, value in content.items() if (root / key.partition("::")[0]).exists()}
    return json.dumps(kept, indent=1) + "\n"


def _projects(text: str) -> list[str]:
    """The blocks of the projects, each with the operations that follow it."""
    _, *blocks = re.split(r"^(?=\[\[project\]\]$)", text, flags=re.MULTILINE)
    return blocks


def _is_of(project: str, name: str) -> bool:
    return mentions(project.partition("\n\n")[0], name)
