"""Finds the evidence about one element of an operation, and what its absence means."""

from dataclasses import dataclass
from typing import Final

from contracts.compat.impact.evidence import OperationEvidence
from contracts.compat.impact.summary import Summary
from contracts.compat.pointers import UNNAMED, split

_MAX_DEPTH: Final = 8
"""The steps of the deepest element that evidence has."""
_OF_REQUESTS: Final = ("status:", "media:", "accept:", "security:", "scope:", "reads")
"""Elements that could be in every request."""
_NOTHING: Final = Summary()


@dataclass(frozen=True, slots=True)
class Located:
    """The evidence about an element. `known`: what the summary does not count did not occur in what was observed."""

    summary: Summary
    possible: int
    random: int
    known: bool = True

    @property
    def present(self) -> int:
        """How often the element was sent."""
        return self.summary.present

    @property
    def absent(self) -> int:
        """How often the element was omitted."""
        return max(0, self.possible - self.summary.present)


def locate(operation: OperationEvidence, element: str) -> Located:
    """The evidence about an element of an operation."""
    summary = operation.elements.get(element)
    if element.startswith(_OF_REQUESTS):
        known = operation.observed > 0
        return Located(summary or _NOTHING, operation.observed, operation.random, known)
    if summary is not None:
        return Located(summary, summary.possible, summary.possible_random)
    if not element or len(split(element)) > _MAX_DEPTH:
        return Located(_NOTHING, 0, 0, known=False)
    # An element without a summary could not be present: the value around it was never sent.
    parent = parent_of(element)
    while parent:
        around = operation.elements.get(parent)
        if around is not None:
            never = not around.present or not (around.types.get("object") or around.types.get("array"))
            followed = parent.startswith("body") and not element.endswith(UNNAMED)
            return Located(_NOTHING, 0, around.possible_random, known=never or followed)
        parent = parent_of(parent)
    return Located(_NOTHING, 0, 0, known=False)


def parent_of(element: str) -> str:
    """The element around a member or item: `body:/a` of `body:/a/b`, `body` of `body:/a`; empty for a root."""
    above, slash, _ = element.rpartition("/")
    return above.removesuffix(":") if slash else ""


def name_of(element: str) -> str:
    """The name of a member or parameter."""
    return split(element)[-1] if "/" in element else element.partition(":")[2]
