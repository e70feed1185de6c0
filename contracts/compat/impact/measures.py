"""Decides whether a consumer sent values that a new limit or list of values rejects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.compat.decision import Decision
from contracts.compat.impact.case import Case
from contracts.compat.impact.summary import Range, Summary, greatest_is_above, least_is_below
from contracts.compat.impact.verdict import Verdict

_BREAKS, _OPEN, _SAFE = Verdict.BREAKS, Verdict.MAY_BREAK, Verdict.SAFE
_TYPE_NAMES: Final = {"number": "fraction"}
"""The types of summaries that the comparison calls otherwise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether values that are rejected were sent. `shown` counts them if the summary does."""

    verdict: Verdict
    reason: str
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class _Measure:
    type: str
    range: Callable[[Summary], Range | None]
    unit: str
    upper: bool


def _length(summary: Summary) -> Range | None:
    return summary.length


def _items(summary: Summary) -> Range | None:
    return summary.items


def _members(summary: Summary) -> Range | None:
    return summary.members


_MEASURES: Final[Mapping[Decision, _Measure]] = {
    Decision.LENGTH_ABOVE: _Measure("string", _length, "characters", upper=True),
    Decision.LENGTH_BELOW: _Measure("string", _length, "characters", upper=False),
    Decision.ITEMS_ABOVE: _Measure("array", _items, "items", upper=True),
    Decision.ITEMS_BELOW: _Measure("array", _items, "items", upper=False),
    Decision.MEMBERS_ABOVE: _Measure("object", _members, "members", upper=True),
    Decision.MEMBERS_BELOW: _Measure("object", _members, "members", upper=False),
}


def _by_measure(case: Case) -> Answer:
    measure, summary, limit = _MEASURES[case.decision], case.located.summary, case.finding.new
    found = measure.range(summary)
    if found is None:
        sent = summary.types.get(measure.type, 0)
        return Answer(_OPEN if sent else _SAFE, f"sent no {measure.type} whose size is known")
    extreme = found[1] if measure.upper else found[0]
    rejected = extreme > limit if measure.upper else extreme < limit
    reason = f"sent {'up to' if measure.upper else 'as few as'} {extreme:,} {measure.unit}"
    return Answer(_BREAKS if rejected else _SAFE, reason)


def _by_number(case: Case) -> Answer:
    """The evidence has rounded numbers, which leaves a few cases open."""
    summary, limit = case.located.summary, case.finding.new
    bound, excluded = limit if isinstance(limit, tuple) else (limit, False)
    if summary.number is None:
        sent = summary.types.get("integer", 0) + summary.types.get("number", 0)
        return Answer(_OPEN if sent else _SAFE, "sent no number whose size is known")
    upper = case.decision is Decision.NUMBER_ABOVE
    extreme = summary.number[1] if upper else summary.number[0]
    integers = not summary.types.get("number", 0)
    beyond = (greatest_is_above if upper else least_is_below)(extreme, bound, integers=integers)
    if excluded and beyond is False and extreme == bound:
        beyond = None
    verdict = _OPEN if beyond is None else _BREAKS if beyond else _SAFE
    return Answer(verdict, f"sent numbers {'up to' if upper else 'down to'} {extreme:,}")


def _by_type(case: Case) -> Answer:
    summary, allowed = case.located.summary, case.finding.new
    counts = {_TYPE_NAMES.get(name, name): count for name, count in summary.types.items()} | {"null": summary.null}
    wrong = {name: count for name, count in counts.items() if name not in allowed and count}
    if not wrong:
        return Answer(_SAFE, "sent no value of another type", 0)
    # A server may read a text of the URL as another type.
    is_text = case.finding.rule.startswith("request-parameter-") and "string" in wrong
    reason = f"sent a value of the type {' and '.join(sorted(wrong))}".replace("fraction", "number")
    return Answer(_OPEN if is_text else _BREAKS, reason, sum(wrong.values()))


def _by_value(case: Case) -> Answer:
    summary, removed, allowed = case.located.summary, case.finding.old, case.finding.new
    sent = {name: count for name, count in summary.values.items() if count}
    wrong = {name: count for name, count in sent.items() if (name in removed if removed else name not in allowed)}
    if wrong:
        return Answer(_BREAKS, f"sent {' and '.join(sorted(wrong))}", sum(wrong.values()))
    counted = sum(sent.values()) + summary.other_values + summary.null
    if counted < summary.present or (allowed is not None and summary.other_values):
        return Answer(_OPEN, "sent values that the contract does not list", summary.present - sum(sent.values()))
    return Answer(_SAFE, "sent other values only")


def _by_null(case: Case) -> Answer:
    count = case.located.summary.null
    return Answer(_BREAKS, "sent null", count) if count else Answer(_SAFE, "never sent null")


def _by_repetition(case: Case) -> Answer:
    count = case.located.summary.unique_violations
    return Answer(_BREAKS, "sent equal items", count) if count else Answer(_SAFE, "never sent equal items")


def _by_unknown_names(case: Case) -> Answer:
    summary = case.located.summary
    hashes = [case.hash_name(name) for name in case.finding.new]
    unknown = [count for hashed, count in summary.unknown.items() if hashed not in hashes]
    count = max(unknown, default=0) or summary.unknown_dropped
    if not count:
        return Answer(_SAFE, "sent declared members only")
    # Without the key, its names may be those that the new contract declares.
    return Answer(_OPEN if None in hashes else _BREAKS, "sent undeclared members", count)


ANSWERS: Final[Mapping[Decision, Callable[[Case], Answer]]] = {
    **dict.fromkeys(_MEASURES, _by_measure),
    Decision.NUMBER_ABOVE: _by_number,
    Decision.NUMBER_BELOW: _by_number,
    Decision.TYPES: _by_type,
    Decision.VALUES: _by_value,
    Decision.NULL: _by_null,
    Decision.REPEATED_ITEMS: _by_repetition,
    Decision.NAMES_UNKNOWN: _by_unknown_names,
}
"""The decisions about values that were sent."""
