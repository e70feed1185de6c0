"""Media types of request and response bodies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from contracts.compat.document import Node

_IGNORED: Final = ("charset=", "boundary=", "q=")


@dataclass(frozen=True, slots=True)
class Media:
    """The entry of a `content` object for one media type."""

    name: str
    node: Node


def media_types(owner: Node) -> dict[str, Media]:
    """The entries of `content` by media type, in lower case and without parameters that mean nothing for JSON."""
    content = owner.at("content")
    return {_normalize(name): Media(name, content.at(name)) for name in content.mapping}


def _normalize(name: str) -> str:
    kind, *parameters = (part.strip().lower() for part in name.split(";"))
    return ";".join([kind, *sorted(one for one in parameters if not one.startswith(_IGNORED))])


def find_media(name: str, entries: dict[str, Media]) -> Media | None:
    """The entry that applies to a media type: its own, else the one of a range such as `text/*` that includes it."""
    whole = name.partition(";")[0]
    ranges = (name, whole, f"{whole.partition('/')[0]}/*", "*/*")
    return next((entries[one] for one in ranges if one in entries), None)


def matching_media(old: dict[str, Media], new: dict[str, Media]) -> Iterator[tuple[Media, Media]]:
    """Yield the pairs of entries that apply to the same media type before and after, each once."""
    seen = set()
    for name in {**old, **new}:
        before, after = find_media(name, old), find_media(name, new)
        if before is not None and after is not None and (before.name, after.name) not in seen:
            seen.add((before.name, after.name))
            yield before, after


def is_text(name: str) -> bool:
    """Whether the fields of bodies of a media type are sent as text."""
    return name.partition(";")[0].strip().lower() in {"application/x-www-form-urlencoded", "multipart/form-data"}


def is_xml(name: str) -> bool:
    """Whether bodies of a media type are XML."""
    kind = name.partition(";")[0].strip().lower()
    return kind in {"application/xml", "text/xml"} or kind.endswith("+xml")
