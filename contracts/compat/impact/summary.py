"""What is known about one element of a consumer's requests: a bounded summary without any value of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from math import floor
from typing import Any, Final

Number = int | float
Range = tuple[Number, Number]

MAX_UNKNOWN_NAMES: Final = 50
COUNTS: Final = (
    "possible", "possible_random", "present", "present_random", "null", "unique_violations", "other_values",
    "unknown_dropped",
)  # fmt: skip
RANGES: Final = ("number", "length", "items", "members")
COUNTS_BY_NAME: Final = ("types", "values", "unknown")
TYPES: Final = ("string", "integer", "number", "boolean", "array", "object")
_DIGITS: Final = 2
_FLOOR: Final = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
_CEILING: Final = Context(prec=_DIGITS, rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of one element. `absent` is `possible` minus `present`.

    `possible` counts the requests, or the objects around a member, in which the element could be; the counts with
    `random` count those of them in the random sample. `number` is rounded outwards (`rounded`), the other ranges are
    exact. `values` counts the values that the contract lists, by their JSON text. `unknown` counts the names of members
    or parameters that the contract does not declare, by a keyed hash.
    """

    possible: int = 0
    possible_random: int = 0
    present: int = 0
    present_random: int = 0
    null: int = 0
    types: Mapping[str, int] = field(default_factory=dict)
    number: Range | None = None
    length: Range | None = None
    items: Range | None = None
    members: Range | None = None
    unique_violations: int = 0
    values: Mapping[str, int] = field(default_factory=dict)
    other_values: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    unknown_dropped: int = 0

    @property
    def absent(self) -> int:
        """How often the element could be present and was not."""
        return self.possible - self.present

    def merged(self, other: "Summary") -> "Summary":
        """The summary of the exchanges of both."""
        counts: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        by_name: dict[str, Any] = {name: _add(getattr(self, name), getattr(other, name)) for name in COUNTS_BY_NAME}
        most = sorted(by_name["unknown"].items(), key=lambda item: (-item[1], item[0]))
        counts["unknown_dropped"] += sum(count for _, count in most[MAX_UNKNOWN_NAMES:])
        by_name["unknown"] = dict(most[:MAX_UNKNOWN_NAMES])
        ranges: dict[str, Any] = {name: _span(getattr(self, name), getattr(other, name)) for name in RANGES}
        return Summary(**counts, **by_name, **ranges)

    def to_json(self) -> dict[str, Any]:
        """The summary without counts of zero and empty members."""
        found: dict[str, Any] = {name: getattr(self, name) for name in COUNTS if getattr(self, name)}
        found |= {name: list(getattr(self, name)) for name in RANGES if getattr(self, name) is not None}
        return found | {name: dict(getattr(self, name)) for name in COUNTS_BY_NAME if getattr(self, name)}


def rounded(low: Number, high: Number) -> Range:
    """The smallest range with bounds of two significant digits that includes both numbers. They must be finite."""
    return _to_number(_FLOOR.create_decimal(_decimal(low))), _to_number(_CEILING.create_decimal(_decimal(high)))


def greatest_is_above(bound: Number, limit: Number, *, integers: bool) -> bool | None:
    """Whether the greatest number that was sent, rounded up to `bound`, exceeds a limit. None: either is possible.

    `integers`: all numbers were integers.
    """
    if bound <= limit:
        return False
    # The number is greater than this one, or `bound` would be smaller.
    below = _FLOOR.next_minus(_decimal(bound))
    if integers:
        return True if floor(below) + 1 > limit else None
    return True if below >= _decimal(limit) else None


def least_is_below(bound: Number, limit: Number, *, integers: bool) -> bool | None:
    """Whether the least number that was sent, rounded down to `bound`, is below a limit. None: either is possible."""
    return greatest_is_above(-bound, -limit, integers=integers)


def _decimal(value: Number) -> Decimal:
    # The decimal number that JSON has, which is not exactly that of a float.
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def _to_number(value: Decimal) -> Number:
    return int(value) if value == value.to_integral_value() else float(value)


def _add(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _span(one: Range | None, other: Range | None) -> Range | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])
