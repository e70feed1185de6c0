"""Reads the index of a migration guide, which ``strata contract guide`` writes beside the guide."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

_FOLDER: Final = Path(__file__).parents[1] / "web" / "guides"


@dataclass(frozen=True, slots=True)
class OperationUse:
    """The uses of one operation that a section is about. ``called``: every request."""

    name: str
    called: bool
    sent: tuple[str, ...]
    omitted: tuple[str, ...]
    undeclared: tuple[str, ...]
    """Elements around names that the contract does not declare."""
    received: tuple[str, ...]
    """Statuses of responses."""
    read: Mapping[str, tuple[str, ...]]
    """Elements of responses by status."""


@dataclass(frozen=True, slots=True)
class GuideSection:
    """A section of a guide. The texts are Markdown."""

    anchor: str
    title: str
    before: str
    after: str
    text: str
    operations: Mapping[str, OperationUse]
    """By operation id."""
    events: frozenset[str]
    """Types of events whose bodies change."""


@cache
def read_sections(pair: str) -> tuple[GuideSection, ...]:
    """The sections of a guide in their order. Raises ``OSError`` if there is no such guide."""
    content = orjson.loads((_FOLDER / f"{pair}.json").read_bytes())
    return tuple(section_of(one) for one in content["sections"])


def section_of(content: Mapping[str, Any]) -> GuideSection:
    """A section from its JSON."""
    texts = {name: content[name] for name in ("anchor", "title", "before", "after", "text")}
    operations = {name: _use(one) for name, one in content["operations"].items()}
    return GuideSection(**texts, operations=operations, events=frozenset(content["events"]))


def _use(content: Mapping[str, Any]) -> OperationUse:
    lists = {name: tuple(content.get(name, ())) for name in ("sent", "omitted", "undeclared", "received")}
    read = {status: tuple(elements) for status, elements in content.get("read", {}).items()}
    return OperationUse(name=content["name"], called=content.get("called", False), **lists, read=read)
