"""Fragments: reviewed texts, one for each change between two versions that clients can see."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from app.web.markdown import anchor
from contracts.guide.errors import GuideError
from contracts.guide.example_request import ExampleRequest
from contracts.guide.patterns import Pattern

_FILE: Final = re.compile(r"\+\+\+\n(?P<front>.*?)^\+\+\+\n(?P<body>.*)", re.DOTALL | re.MULTILINE)
_BODY: Final = re.compile(
    r"(?P<prose>.*?)^## Before\n(?P<before>.*?)^## After\n(?P<after>.*)", re.DOTALL | re.MULTILINE
)
_BLOCK: Final = re.compile(r"^```(\w+)(?: show=([\w,-]+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MEMBERS: Final = {"title": str, "kind": str, "since": date, "covers": list, "before": str, "after": str}
_OPTIONAL: Final = {"changelog": str}
_README: Final = "contracts/README.md shows the form of a fragment."


class Kind(StrEnum):
    """The kinds of changes in Keep a Changelog."""

    ADDED = "added"
    CHANGED = "changed"
    DEPRECATED = "deprecated"
    REMOVED = "removed"
    FIXED = "fixed"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class Snippet:
    """An example to run: an HTTP request or Python code."""

    language: str
    text: str
    request: ExampleRequest | None = None


@dataclass(frozen=True, slots=True)
class Fragment:
    """One change. ``before`` and ``after`` are cells of the checklist; ``snippets`` are the examples of both sides."""

    name: str
    title: str
    kind: Kind
    since: date
    covers: tuple[Pattern, ...]
    before: str
    after: str
    changelog: str | None
    prose: str
    snippets: dict[str, tuple[Snippet, ...]]

    @property
    def anchor(self) -> str:
        """The anchor of the section in the guide."""
        return anchor(self.title)


def read_fragments(folder: Path) -> list[Fragment]:
    """Read the fragments of a folder, in the order of their names. Raises ``GuideError``."""
    fragments = [_read(path) for path in sorted(folder.glob("*.md"))]
    anchors: dict[str, str] = {}
    for one in fragments:
        if (other := anchors.setdefault(one.anchor, one.name)) != one.name:
            raise GuideError(f"{one.name} and {other} have the same title", "Give each fragment a unique title.")
    return fragments


def _read(path: Path) -> Fragment:
    where = f"{path.parent.name}/{path.name}"
    if (file := _FILE.fullmatch(path.read_text(encoding="utf-8"))) is None:
        raise GuideError(f"{where} must begin with front matter between two lines +++", _README)
    try:
        front = tomllib.loads(file["front"])
    except tomllib.TOMLDecodeError as error:
        raise GuideError(f"{where}: the front matter must be TOML: {error}", _README) from None
    _check(front, where)
    if (body := _BODY.fullmatch(file["body"])) is None:
        raise GuideError(f"{where} must have the headings '## Before' and '## After', in this order", _README)
    sides = {name: tuple(_snippets(body[name], f"{where}, {name}")) for name in ("before", "after")}
    for name, snippets in sides.items():
        for language in ("http", "python"):
            if not any(snippet.language == language for snippet in snippets):
                raise GuideError(f"{where} has no example in {language} under '## {name.capitalize()}'", _README)
    return Fragment(
        name=path.stem,
        title=front["title"],
        kind=Kind(front["kind"]),
        since=front["since"],
        covers=tuple(Pattern.parse(one, where) for one in front["covers"]),
        before=front["before"],
        after=front["after"],
        changelog=front.get("changelog"),
        prose=body["prose"].strip(),
        snippets=sides,
    )


def _check(front: dict[str, Any], where: str) -> None:
    known = _MEMBERS | _OPTIONAL
    for name in front.keys() - known.keys():
        raise GuideError(f"{where}: the front matter must not have {name!r}", f"It may have: {', '.join(known)}.")
    for name, kind in known.items():
        if name not in front:
            if name in _OPTIONAL:
                continue
            raise GuideError(f"{where}: the front matter lacks {name!r}", _README)
        if type(front[name]) is not kind or not front[name]:
            raise GuideError(f"{where}: {name!r} must be a non-empty {kind.__name__}", _README)
    if front["kind"] not in list(Kind):
        raise GuideError(
            f"{where}: 'kind' must be a kind of change, got {front['kind']!r}", f"Choose one of: {', '.join(Kind)}."
        )


def _snippets(text: str, where: str) -> Iterator[Snippet]:
    for language, shown, code in _BLOCK.findall(text):
        if language == "http":
            names = tuple(name for name in shown.split(",") if name)
            yield Snippet("http", code.strip(), ExampleRequest.parse(code, where, names))
        elif language == "python":
            yield Snippet("python", code.strip())
        else:
            raise GuideError(
                f"{where}: blocks must be http or python, got {language!r}", "curl is generated from the http blocks."
            )
