"""Summarises a value and everything in it, by the members that the contract declares."""

from typing import Final

from observability.conformance.schemas import Json, pointer
from observability.evidence.shapes import Shape
from observability.evidence.summaries import Tally

MOST_VALUES: Final = 5000
"""The values in one body. A body with more is not summarised: it would occupy the thread for too long."""
_DEEPEST: Final = 8
"""The steps of a pointer, which bounds the elements of schemas that refer to themselves."""
ITEM: Final = "*"


class TooLarge(Exception):
    """The body contains too many values."""


class ValueSummaries:
    """Adds the summaries of one body, or of one parameter, to those of its request."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._values = 0

    def add(self, element: str, value: Json, shape: Shape) -> None:
        """Summarise a value whose element could be present. Raises ``TooLarge``."""
        self._add(element, (), value, shape)

    def _add(self, element: str, steps: tuple[str, ...], value: Json, shape: Shape) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise TooLarge
        name = element + (f":{pointer(steps)}" if steps else "")
        summary = self._tally.add_possible(name)
        self._tally.add_value(summary, value, shape.values)
        if len(steps) == _DEEPEST:
            return
        if isinstance(value, dict):
            self._add_members(element, steps, value, shape)
        elif isinstance(value, list) and shape.items is not None:
            for item in value:
                self._add(element, (*steps, ITEM), item, shape.items)

    def _add_members(self, element: str, steps: tuple[str, ...], value: dict[str, Json], shape: Shape) -> None:
        for name, member in shape.members.items():
            if name in value:
                self._add(element, (*steps, name), value[name], member)
            else:
                self._tally.add_possible(f"{element}:{pointer((*steps, name))}")
        unknown = [name for name in value if name not in shape.members]
        if shape.others is not None:
            # The names of a map are data, and none of them becomes a declared one.
            for name in unknown:
                self._add(element, (*steps, ITEM), value[name], shape.others)
        elif unknown:
            path = element + (f":{pointer(steps)}" if steps else "")
            self._tally.add_unknown(self._tally.summaries[path], unknown)
