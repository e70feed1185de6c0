"""Compares what two schemas say about values: types, enums and limits."""

import json
from collections.abc import Mapping
from typing import Any, Final

from contracts.compat.composition import compare_unions
from contracts.compat.engine import Engine, Entry, Pair, tell
from contracts.compat.objects import compare_arrays, compare_objects
from contracts.compat.normalized_schema import ABSENT, ALL, NULL, TYPES_OF, Shape, type_names

_BOUNDS: Final = {
    "maxLength": "max-length",
    "minLength": "min-length",
    "maxItems": "max-items",
    "minItems": "min-items",
    "maxProperties": "max-properties",
    "minProperties": "min-properties",
}
# Formats of which one holds every value of the other.
_WIDER: Final = frozenset({("int32", "int64"), ("float", "double"), ("int32", "double"), ("uri", "uri-reference")})
# Formats that exclude nothing which JSON numbers or text can carry between real programs.
_HINTS: Final = frozenset({"int64", "double", "password"})
_KEPT_EQUAL: Final = {
    "not": "exclusion",
    "if": "condition",
    "then": "condition",
    "else": "condition",
    "contains": "contained-item",
    "dependentSchemas": "dependent-schema",
    "contentSchema": "content-schema",
}
_LONGEST: Final = 60


def compare(engine: Engine, pair: Pair, entry: Entry) -> None:
    """Everything that differs between the two schemas of a pair, and the pairs below it."""
    old, new = engine.old.shape(pair.old), engine.new.shape(pair.new)
    united = bool(old.unions) != bool(new.unions)
    if not united and _types(pair, entry, old, new):
        return
    if united:
        _nullability(pair, entry, old, new)
    _deprecation(pair, entry, old, new)
    _defaults(pair, entry, old, new)
    compare_unions(engine, pair, entry, old, new)
    if united:
        return
    _enums(pair, entry, old, new)
    common = old.types & new.types
    # The values of an enum are what they are, whatever else limits them.
    if old.enum is None and new.enum is None:
        _limits(pair, entry, old, new, common)
        _numbers(pair, entry, old, new, common)
        _patterns(pair, entry, old, new, common)
        _formats(pair, entry, old, new)
    if "object" in common:
        compare_objects(engine, pair, entry, old, new)
    if "array" in common:
        compare_arrays(pair, entry, old, new)
    _kept_equal(engine, pair, entry, old, new)


def _pointer(new: Shape) -> str:
    return new.type_pointer or new.pointer


def _types(pair: Pair, entry: Entry, old: Shape, new: Shape) -> bool:
    """Compare the types; whether they have nothing in common, so that nothing else can be compared."""
    if old.types == new.types or (old.enum is not None and new.enum is not None):
        _nullability(pair, entry, old, new)
        return False
    names = {"old": type_names(old.types), "new": type_names(new.types)}
    if ALL in (old.types, new.types):
        wider = new.types == ALL
        tell(entry, pair, "type-widened" if wider else "type-narrowed", _pointer(new), **names)
        return not (old.types and new.types)
    _nullability(pair, entry, old, new)
    before, after = old.types - NULL, new.types - NULL
    if before == after:
        return False
    names = {"old": type_names(before), "new": type_names(after)}
    if before < after:
        tell(entry, pair, "type-widened", _pointer(new), **names)
    elif before > after:
        tell(entry, pair, "type-narrowed", _pointer(new), **names)
    else:
        tell(entry, pair, "type-changed", _pointer(new), **names)
        return not before & after
    return not (before and after)


def _nullability(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    if "null" in new.types and "null" not in old.types:
        tell(entry, pair, "became-nullable", _pointer(new))
    elif "null" in old.types and "null" not in new.types:
        tell(entry, pair, "became-not-nullable", _pointer(new))


def _enums(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    if old.enum is None and new.enum is None:
        return
    if old.enum is None:
        tell(entry, pair, "became-enum", new.enum_pointer, new=_listed(new.enum or {}))
    elif new.enum is None:
        tell(entry, pair, "enum-dropped", old.enum_pointer, old=_listed(old.enum))
    else:
        before = {key: value for key, value in old.enum.items() if value is not None}
        after = {key: value for key, value in new.enum.items() if value is not None}
        if len(before) == len(after) == 1 and before.keys() != after.keys():
            tell(entry, pair, "const-changed", new.enum_pointer, old=_listed(before), new=_listed(after))
            return
        for key in sorted(before.keys() - after.keys()):
            tell(entry, pair, "enum-value-removed", new.enum_pointer, old=_shown(before[key]))
        for key in sorted(after.keys() - before.keys()):
            tell(entry, pair, "enum-value-added", new.enum_pointer, new=_shown(after[key]))


def _limits(pair: Pair, entry: Entry, old: Shape, new: Shape, common: frozenset[str]) -> None:
    for keyword, name in _BOUNDS.items():
        if TYPES_OF[keyword] & common:
            _bound(pair, entry, name, old.limits.get(keyword), new.limits.get(keyword))
    whole = "fraction" not in old.types | new.types
    for name, step in (("maximum", -1), ("minimum", 1)):
        if TYPES_OF[name] & common:
            before, after = old.limits.get(name), new.limits.get(name)
            if whole:
                before, after = _of_integers(before, step), _of_integers(after, step)
            _range(pair, entry, name, before, after)
    before, after = old.limits.get("uniqueItems"), new.limits.get("uniqueItems")
    if "array" in common and before is None and after is not None:
        tell(entry, pair, "unique-items-required", after[1])
    if "array" in common and before is not None and after is None:
        tell(entry, pair, "unique-items-dropped", before[1])
    for keyword, name in (
        ("contentEncoding", "content-encoding-changed"),
        ("contentMediaType", "content-media-type-changed"),
        ("minContains", "min-contains-changed"),
        ("maxContains", "max-contains-changed"),
    ):
        before, after = old.limits.get(keyword), new.limits.get(keyword)
        told = ((before or ("none", ""))[0], (after or ("none", ""))[0])
        if TYPES_OF[keyword] & common and told[0] != told[1]:
            tell(entry, pair, name, (after or before or ("", new.pointer))[1], old=told[0], new=told[1])


def _bound(pair: Pair, entry: Entry, name: str, before: tuple[Any, str] | None, after: tuple[Any, str] | None) -> None:
    if before is None and after is not None:
        tell(entry, pair, f"{name}-added", after[1], new=after[0])
    elif after is None and before is not None:
        tell(entry, pair, f"{name}-removed", before[1], old=before[0])
    elif before is not None and after is not None and before[0] != after[0]:
        direction = "increased" if after[0] > before[0] else "decreased"
        tell(entry, pair, f"{name}-{direction}", after[1], old=before[0], new=after[0])


def _range(pair: Pair, entry: Entry, name: str, before: tuple[Any, str] | None, after: tuple[Any, str] | None) -> None:
    if before is not None and after is not None and before[0][0] == after[0][0]:
        if before[0][1] != after[0][1]:
            change = "became-exclusive" if after[0][1] else "became-inclusive"
            tell(entry, pair, f"{name}-{change}", after[1], new=after[0][0])
        return
    plain = [None if one is None else (one[0][0], one[1]) for one in (before, after)]
    _bound(pair, entry, name, plain[0], plain[1])


def _of_integers(bound: tuple[Any, str] | None, step: int) -> tuple[Any, str] | None:
    """The bound with its end included: less than 5 is at most 4."""
    if bound is None or not bound[0][1] or not float(bound[0][0]).is_integer():
        return bound
    return ((int(bound[0][0]) + step, False), bound[1])


def _numbers(pair: Pair, entry: Entry, old: Shape, new: Shape, common: frozenset[str]) -> None:
    if not TYPES_OF["multipleOf"] & common:
        return
    before, after = old.limits.get("multipleOf"), new.limits.get("multipleOf")
    # Every integer is a multiple of 1.
    whole = "fraction" not in old.types | new.types
    before = None if whole and before is not None and before[0] == 1 else before
    after = None if whole and after is not None and after[0] == 1 else after
    if before is None and after is not None:
        tell(entry, pair, "multiple-of-added", after[1], new=after[0])
    elif after is None and before is not None:
        tell(entry, pair, "multiple-of-removed", before[1], old=before[0])
    elif before is not None and after is not None and before[0] != after[0]:
        kind = "changed"
        if _divides(before[0], after[0]):
            kind = "narrowed"
        elif _divides(after[0], before[0]):
            kind = "widened"
        tell(entry, pair, f"multiple-of-{kind}", after[1], old=before[0], new=after[0])


def _divides(part: float, whole: float) -> bool:
    ratio = whole / part
    return abs(ratio - round(ratio)) < 1e-9  # noqa: PLR2004 - what floats leave of an exact ratio


def _patterns(pair: Pair, entry: Entry, old: Shape, new: Shape, common: frozenset[str]) -> None:
    if "string" not in common:
        return
    gone = [pattern for pattern in old.patterns if pattern not in new.patterns]
    fresh = [pattern for pattern in new.patterns if pattern not in old.patterns]
    if gone and fresh:
        tell(entry, pair, "pattern-changed", new.patterns[fresh[0]], old=gone[0], new=fresh[0])
        return
    for pattern in fresh:
        tell(entry, pair, "pattern-added", new.patterns[pattern], new=pattern)
    for pattern in gone:
        tell(entry, pair, "pattern-removed", old.patterns[pattern], old=pattern)


def _formats(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    gone = [name for name in old.formats if name not in new.formats]
    fresh = [name for name in new.formats if name not in old.formats]
    if gone and fresh:
        kind = "changed"
        if (gone[0], fresh[0]) in _WIDER:
            kind = "widened"
        elif (fresh[0], gone[0]) in _WIDER:
            kind = "narrowed"
        tell(entry, pair, f"format-{kind}", new.formats[fresh[0]], old=gone[0], new=fresh[0])
        return
    for name in fresh:
        if name not in _HINTS:
            tell(entry, pair, "format-added", new.formats[name], new=name)
    for name in gone:
        if name not in _HINTS:
            tell(entry, pair, "format-removed", old.formats[name], old=name)


def _defaults(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    if old.default is ABSENT and new.default is ABSENT:
        return
    if old.default is ABSENT:
        tell(entry, pair, "default-added", new.default_pointer, new=_shown(new.default))
    elif new.default is ABSENT:
        tell(entry, pair, "default-removed", old.default_pointer, old=_shown(old.default))
    elif _shown(old.default) != _shown(new.default):
        tell(entry, pair, "default-changed", new.default_pointer, old=_shown(old.default), new=_shown(new.default))


def _deprecation(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    if new.deprecated and not old.deprecated:
        if new.sunset is None:
            tell(entry, pair, "deprecated-without-sunset", new.pointer)
        else:
            tell(entry, pair, "deprecated", new.pointer, new=new.sunset)
    elif old.deprecated and not new.deprecated:
        tell(entry, pair, "deprecation-withdrawn", new.pointer)


def _kept_equal(engine: Engine, pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    told: set[str] = set()
    for keyword, name in _KEPT_EQUAL.items():
        before, after = old.others.get(keyword, []), new.others.get(keyword, [])
        if name in told or not (before or after):
            continue
        if not before:
            kind, pointer = ("required" if name == "contained-item" else "added"), after[0].pointer
        elif not after:
            kind, pointer = ("dropped" if name == "contained-item" else "removed"), before[0].pointer
        elif len(before) == len(after) and all(
            engine.same(Pair(one, other, pair.place)) for one, other in zip(before, after, strict=True)
        ):
            continue
        else:
            kind, pointer = "changed", after[0].pointer
        told.add(name)
        tell(entry, pair, f"{name}-{kind}", pointer)


def _listed(values: Mapping[str, Any]) -> str:
    return _cut(", ".join(_shown(value) for value in values.values()))


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
