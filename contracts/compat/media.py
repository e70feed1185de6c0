"""Media types of request and response bodies."""

from dataclasses import dataclass

from contracts.compat.document import Node


@dataclass(frozen=True, slots=True)
class Media:
    """The entry of a `content` object for one media type."""

    name: str
    node: Node


def media_types(owner: Node) -> dict[str, Media]:
    """The entries of `content` by media type, without parameters and in lower case."""
    content = owner.at("content")
    return {_without_parameters(name): Media(name, content.at(name)) for name in content.mapping}


def _without_parameters(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def find_media(name: str, entries: dict[str, Media]) -> Media | None:
    """The entry for a media type: its own, else the one of a range such as `text/*` that includes it."""
    kind = name.partition("/")[0]
    return next((entries[one] for one in (name, f"{kind}/*", "*/*") if one in entries), None)
