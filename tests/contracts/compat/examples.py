"""A pair of documents that shows a change, and one next to it."""

from typing import Any, NamedTuple

Json = Any


class RuleExample(NamedTuple):
    """`harmless` is the document to change `old` into."""

    old: Json
    new: Json
    harmless: Json


def described(value: Json) -> Json:
    """The same document with other words in it."""
    return {**value, "info": {**value["info"], "title": "Other words", "description": "More words."}}


def same(old: Json, new: Json) -> RuleExample:
    return RuleExample(old, new, described(old))
