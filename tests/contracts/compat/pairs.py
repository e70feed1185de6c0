"""A pair of documents that shows a change, and one next to it."""

from typing import Any, NamedTuple

Json = Any


class Pair(NamedTuple):
    """`harmless` is the document to change `old` into."""

    old: Json
    new: Json
    harmless: Json


def described(value: Json) -> Json:
    """The same document with other words in it."""
    return {**value, "info": {**value["info"], "title": "Other words", "description": "More words."}}


def same(old: Json, new: Json) -> Pair:
    return Pair(old, new, described(old))
