"""Collects the summaries of one request, and merges those of several.

A summary consists of counts, which add up, of ranges ``[min, max]``, which widen, and of counts by name. The function
``usage_merge`` of the database merges by the same rule.
"""

from collections.abc import Collection
from copy import deepcopy
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from math import isfinite
from sys import float_info
from typing import Any, Final

import orjson

from observability.conformance.schemas import Json
from observability.evidence.request import HashName, Summaries

MAX_UNKNOWN_NAMES: Final = 50
"""The hashes of one summary; beyond it ``unknown_dropped`` counts."""
_FLOOR: Final = Context(prec=2, rounding=ROUND_FLOOR)
_CEILING: Final = Context(prec=2, rounding=ROUND_CEILING)
_EXACT: Final = 2**53
_TWO_DIGITS: Final = 100
Summary = dict[str, Any]


class Tally:
    """The summaries of one request. ``random``: it counts for the random stratum too."""

    def __init__(self, hash_name: HashName, *, random: bool) -> None:
        self.summaries: Summaries = {}
        self._hash_name = hash_name
        self._random = random

    def add_possible(self, element: str) -> Summary:
        """Count that the element could be present, and return its summary."""
        summary = self.summaries.get(element)
        if summary is None:
            summary = self.summaries[element] = {}
        self._count(summary, "possible")
        return summary

    def add_present(self, element: str) -> Summary:
        """Count that the element is present, where it could be in every request."""
        summary = self.summaries.setdefault(element, {})
        self._count(summary, "present")
        return summary

    def add_value(self, summary: Summary, value: Json, known: Collection[str]) -> None:
        """Count a present value: its type and size, and the value itself if ``known`` lists its JSON text."""
        self._count(summary, "present")
        if value is None:
            _add(summary, "null")
            return
        kind = _describe(summary, value)
        types = summary.setdefault("types", {})
        types[kind] = types.get(kind, 0) + 1
        if known:
            text = _json(int(value) if kind == "integer" else value)
            if text in known:
                values = summary.setdefault("values", {})
                values[text] = values.get(text, 0) + 1
            else:
                _add(summary, "other_values")

    def add_unknown(self, summary: Summary, names: Collection[str]) -> None:
        """Count names that the contract does not declare, by their hashes."""
        unknown = summary.setdefault("unknown", {})
        for name in names:
            if len(unknown) < MAX_UNKNOWN_NAMES:
                hashed = self._hash_name(name)
                unknown[hashed] = unknown.get(hashed, 0) + 1
            else:
                _add(summary, "unknown_dropped")

    def _count(self, summary: Summary, name: str) -> None:
        _add(summary, name)
        if self._random:
            _add(summary, f"{name}_random")


def merge_summaries(into: Summaries, other: Summaries) -> None:
    """Add the summaries of other requests."""
    for element, summary in other.items():
        known = into.get(element)
        if known is None:
            into[element] = deepcopy(summary)
            continue
        _merge(known, summary)
        _bound_unknown(known)


def rounded(value: float) -> tuple[float, float]:
    """The closest numbers of two significant digits on both sides of a finite number."""
    if isinstance(value, int) and abs(value) < _TWO_DIGITS:
        return value, value
    text = str(value) if isinstance(value, int) else repr(value)
    return _number(_FLOOR.create_decimal(text)), _number(_CEILING.create_decimal(text))


def _number(value: Any) -> float:
    if abs(value) < _EXACT and value == value.to_integral_value():
        return int(value)
    return max(-float_info.max, min(float_info.max, float(value)))


def _describe(summary: Summary, value: Json) -> str:
    """Widen the range for the type of a value, and return the type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        _widen(summary, "length", len(value), len(value))
        return "string"
    if isinstance(value, int | float):
        if not isfinite(value):
            return "number"
        _widen(summary, "number", *rounded(value))
        return "integer" if value == int(value) else "number"
    if isinstance(value, list):
        _widen(summary, "items", len(value), len(value))
        if len({_json(item) for item in value}) < len(value):
            _add(summary, "unique_violations")
        return "array"
    _widen(summary, "members", len(value), len(value))
    return "object"


def _json(value: Json) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        # An integer beyond 64 bits, from a parameter; or text that is no Unicode.
        return repr(value)


def _add(summary: Summary, name: str) -> None:
    summary[name] = summary.get(name, 0) + 1


def _widen(summary: Summary, name: str, low: float, high: float) -> None:
    known = summary.get(name)
    summary[name] = [low, high] if known is None else [min(known[0], low), max(known[1], high)]


def _merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for name, value in other.items():
        known = into.get(name)
        if known is None:
            into[name] = deepcopy(value)
        elif isinstance(value, dict):
            _merge(known, value)
        elif isinstance(value, list):
            _widen(into, name, *value)
        else:
            into[name] = known + value


def _bound_unknown(summary: Summary) -> None:
    unknown = summary.get("unknown", {})
    if len(unknown) > MAX_UNKNOWN_NAMES:
        most = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))
        summary["unknown"] = dict(most[:MAX_UNKNOWN_NAMES])
        rest = sum(count for _, count in most[MAX_UNKNOWN_NAMES:])
        summary["unknown_dropped"] = summary.get("unknown_dropped", 0) + rest
