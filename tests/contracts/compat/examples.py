"""An example of a rule."""

from typing import Any, NamedTuple

Json = Any


class RuleExample(NamedTuple):
    """The change from `old` to `new` triggers the rule; the one from `old` to `harmless` is not breaking."""

    old: Json
    new: Json
    harmless: Json


def with_description(value: Json) -> Json:
    """The same document with another title and description."""
    return {**value, "info": {**value["info"], "title": "Another title", "description": "Another description."}}


def example(old: Json, new: Json) -> RuleExample:
    """An example whose harmless change is another description."""
    return RuleExample(old, new, with_description(old))
