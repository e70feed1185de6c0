"""The response members that a client declares as read: the request header ``API-Reads``."""

from collections.abc import Iterator, Sequence
from typing import Final, cast

import http_sf
from http_sf.types import Token

from observability.evidence.shapes import Shape

HEADER: Final = "API-Reads"
MOST_NAMES: Final = 64
MOST_BYTES: Final = 2048
ITEM: Final = "*"


def declared_reads(texts: Sequence[str]) -> Sequence[str] | None:
    """The names in the fields of a request; None without a declaration, or if it is malformed or exceeds the caps.

    A part of a declaration would say that the client does not read the rest.
    """
    whole = ", ".join(texts)
    if not texts or len(whole) > MOST_BYTES:
        return None
    try:
        members = cast("Sequence[tuple[object, object]]", http_sf.parse(whole.encode(), tltype="list"))
    except ValueError:
        return None
    names = [value for value, _ in members]
    if len(names) > MOST_NAMES or not all(isinstance(name, str | Token) for name in names):
        return None
    return [str(name) for name in names]


def resolve(name: str, response: Shape) -> tuple[str, ...] | None:
    """The path in the response of a name such as ``author/display_name``; None if the contract declares no such member.

    Items of arrays need no step. Where a response is a page, the names are those of its items.
    """
    steps = tuple(step for step in name.split("/") if step != ITEM)
    if not steps:
        return None
    return next((path for start, shape in _starts(response) if (path := _path(start, steps, shape)) is not None), None)


def _starts(response: Shape) -> Iterator[tuple[tuple[str, ...], Shape]]:
    yield (), response
    for name, member in response.members.items():
        if member.items is not None:
            yield (name,), member


def _path(start: tuple[str, ...], steps: Sequence[str], shape: Shape) -> tuple[str, ...] | None:
    path = start
    for step in steps:
        while step not in shape.members and shape.items is not None:
            path, shape = (*path, ITEM), shape.items
        if step not in shape.members:
            return None
        path, shape = (*path, step), shape.members[step]
    return path
