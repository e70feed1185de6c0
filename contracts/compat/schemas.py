"""Compares the constraints of two schemas: types, enums, limits, formats and defaults."""

from fractions import Fraction
from typing import Any, Final

from contracts.compat.composition import compare_unions
from contracts.compat.engine import Engine
from contracts.compat.formats import compare_formats
from contracts.compat.languages import Undecidable, text_outside
from contracts.compat.normalized_schema import ALL, NO_DEFAULT, NULL, TYPES_OF, NormalizedSchema, type_names
from contracts.compat.objects import compare_arrays, compare_objects
from contracts.compat.pair import PairResult, SchemaPair
from contracts.compat.texts import format_value, format_values, json_key
from contracts.compat.xml import compare_xml

_BOUNDS: Final = {
    "maxLength": "max-length",
    "minLength": "min-length",
    "maxItems": "max-items",
    "minItems": "min-items",
    "maxProperties": "max-properties",
    "minProperties": "min-properties",
}
_EQUALITY_ONLY: Final = {
    "not": "exclusion",
    "if": "condition",
    "then": "condition",
    "else": "condition",
    "contains": "contained-item",
    "dependentSchemas": "dependent-schema",
    "contentSchema": "content-schema",
}


def compare(engine: Engine, result: PairResult) -> None:
    """Compare the two schemas of a pair; adds the findings and the pairs below it to `result`."""
    old, new = engine.old.normalize(result.pair.old), engine.new.normalize(result.pair.new)
    result.opaque = old.opaque or new.opaque
    result.patterned = bool(old.patterns or new.patterns)
    if result.pair.xml:
        compare_xml(result, old, new)
    # If one side only is a union, its variants are compared with the whole other schema.
    one_sided_union = bool(old.unions) != bool(new.unions)
    if not one_sided_union and _compare_types(result, old, new):
        return
    if one_sided_union:
        _compare_nullability(result, old, new)
    _compare_deprecation(result, old, new)
    if not result.pair.present:
        _compare_defaults(result, old, new)
    compare_unions(engine, result, old, new)
    if one_sided_union:
        return
    _compare_enums(result, old, new)
    common = old.types & new.types
    # Limits do not matter for the listed values of an enum.
    if old.enum is None and new.enum is None:
        _compare_limits(result, old, new, common)
        _compare_multiple_of(result, old, new, common)
        _compare_patterns(result, old, new, common)
        compare_formats(result, old, new, common)
    if "object" in common:
        compare_objects(engine, result, old, new)
    if "array" in common:
        compare_arrays(result, old, new)
    _compare_equality_only(engine, result, old, new)


def _pointer(new: NormalizedSchema) -> str:
    return new.type_pointer or new.pointer


def _compare_types(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> bool:
    """Compare the types. Returns whether they are disjoint, so that nothing else can be compared."""
    if old.types == new.types or (old.enum is not None and new.enum is not None):
        _compare_nullability(result, old, new)
        return False
    values = old.types, new.types
    names = {"old": type_names(old.types), "new": type_names(new.types)}
    if ALL in (old.types, new.types):
        wider = new.types == ALL
        result.report("type-widened" if wider else "type-narrowed", _pointer(new), values=values, **names)
        return not (old.types and new.types)
    _compare_nullability(result, old, new)
    before, after = old.types - NULL, new.types - NULL
    if before == after:
        return False
    names = {"old": type_names(before), "new": type_names(after)}
    if before < after:
        result.report("type-widened", _pointer(new), values=values, **names)
    elif before > after:
        result.report("type-narrowed", _pointer(new), values=values, **names)
    else:
        result.report("type-changed", _pointer(new), values=values, **names)
        return not before & after
    return not (before and after)


def _compare_nullability(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    if "null" in new.types and "null" not in old.types:
        result.report("became-nullable", _pointer(new))
    elif "null" in old.types and "null" not in new.types:
        result.report("became-not-nullable", _pointer(new))


def _compare_enums(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    if old.enum is None and new.enum is None:
        return
    if old.enum is None:
        shown = format_values(new.enum or {})
        result.report("became-enum", new.enum_pointer, values=(None, list(new.enum or {})), new=shown)
    elif new.enum is None:
        result.report("enum-dropped", old.enum_pointer, old=format_values(old.enum))
    else:
        before = {key: value for key, value in old.enum.items() if value is not None}
        after = {key: value for key, value in new.enum.items() if value is not None}
        if len(before) == len(after) == 1 and before.keys() != after.keys():
            details = {"old": format_values(before), "new": format_values(after)}
            result.report("const-changed", new.enum_pointer, values=(None, list(after)), **details)
            return
        for key in sorted(before.keys() - after.keys()):
            details = {"old": format_value(before[key])}
            result.report("enum-value-removed", new.enum_pointer, values=([key], None), **details)
        for key in sorted(after.keys() - before.keys()):
            result.report("enum-value-added", new.enum_pointer, new=format_value(after[key]))


def _compare_limits(result: PairResult, old: NormalizedSchema, new: NormalizedSchema, common: frozenset[str]) -> None:
    for keyword, name in _BOUNDS.items():
        if TYPES_OF[keyword] & common:
            _compare_bound(result, name, old.limits.get(keyword), new.limits.get(keyword))
    integers_only = "fraction" not in old.types | new.types
    for name, step in (("maximum", -1), ("minimum", 1)):
        if TYPES_OF[name] & common:
            before, after = old.limits.get(name), new.limits.get(name)
            if integers_only:
                before, after = _to_inclusive(before, step), _to_inclusive(after, step)
            _compare_range(result, name, before, after)
    before, after = old.limits.get("uniqueItems"), new.limits.get("uniqueItems")
    if "array" in common and before is None and after is not None:
        result.report("unique-items-required", after[1])
    if "array" in common and before is not None and after is None:
        result.report("unique-items-dropped", before[1])
    for keyword, name in (
        ("contentEncoding", "content-encoding-changed"),
        ("contentMediaType", "content-media-type-changed"),
        ("minContains", "min-contains-changed"),
        ("maxContains", "max-contains-changed"),
    ):
        before, after = old.limits.get(keyword), new.limits.get(keyword)
        shown = ((before or ("none", ""))[0], (after or ("none", ""))[0])
        if TYPES_OF[keyword] & common and shown[0] != shown[1]:
            result.report(name, (after or before or ("", new.pointer))[1], old=shown[0], new=shown[1])


def _compare_bound(
    result: PairResult,
    name: str,
    before: tuple[Any, str] | None,
    after: tuple[Any, str] | None,
    values: tuple[Any, Any] | None = None,
) -> None:
    if before is None and after is not None:
        result.report(f"{name}-added", after[1], values=values, new=after[0])
    elif after is None and before is not None:
        result.report(f"{name}-removed", before[1], old=before[0])
    elif before is not None and after is not None and before[0] != after[0]:
        direction = "increased" if after[0] > before[0] else "decreased"
        result.report(f"{name}-{direction}", after[1], values=values, old=before[0], new=after[0])


def _compare_range(
    result: PairResult, name: str, before: tuple[Any, str] | None, after: tuple[Any, str] | None
) -> None:
    if before is not None and after is not None and before[0][0] == after[0][0]:
        if before[0][1] != after[0][1]:
            change = "became-exclusive" if after[0][1] else "became-inclusive"
            result.report(f"{name}-{change}", after[1], values=(before[0], after[0]), new=after[0][0])
        return
    plain = [None if one is None else (one[0][0], one[1]) for one in (before, after)]
    _compare_bound(result, name, plain[0], plain[1], None if after is None else (None, after[0]))


def _to_inclusive(bound: tuple[Any, str] | None, step: int) -> tuple[Any, str] | None:
    """The same bound on integers, inclusive: less than 5 is at most 4."""
    if bound is None or not bound[0][1] or not float(bound[0][0]).is_integer():
        return bound
    return ((int(bound[0][0]) + step, False), bound[1])


def _compare_multiple_of(
    result: PairResult, old: NormalizedSchema, new: NormalizedSchema, common: frozenset[str]
) -> None:
    if not TYPES_OF["multipleOf"] & common:
        return
    before, after = old.limits.get("multipleOf"), new.limits.get("multipleOf")
    # Every integer is a multiple of 1.
    integers_only = "fraction" not in old.types | new.types
    before = None if integers_only and before is not None and _divides(before[0], 1) else before
    after = None if integers_only and after is not None and _divides(after[0], 1) else after
    if before is None and after is not None:
        result.report("multiple-of-added", after[1], new=after[0])
    elif after is None and before is not None:
        result.report("multiple-of-removed", before[1], old=before[0])
    elif before is not None and after is not None and before[0] != after[0]:
        kind = "changed"
        if _divides(before[0], after[0]):
            kind = "narrowed"
        elif _divides(after[0], before[0]):
            kind = "widened"
        result.report(f"multiple-of-{kind}", after[1], old=before[0], new=after[0])


def _divides(part: float, whole: float) -> bool:
    """Whether a number is a multiple of another, as the decimal numbers that the document has."""
    return (Fraction(str(whole)) / Fraction(str(part))).denominator == 1


def _compare_patterns(result: PairResult, old: NormalizedSchema, new: NormalizedSchema, common: frozenset[str]) -> None:
    if "string" not in common:
        return
    removed = [pattern for pattern in old.patterns if pattern not in new.patterns]
    added = [pattern for pattern in new.patterns if pattern not in old.patterns]
    if removed and added:
        effect = "changed"
        if len(removed) == len(added) == 1:
            widened, narrowed = _accepts_all(removed[0], added[0]), _accepts_all(added[0], removed[0])
            if widened and narrowed:
                return
            effect = "widened" if widened else "narrowed" if narrowed else "changed"
        result.report(f"pattern-{effect}", new.patterns[added[0]], old=removed[0], new=added[0])
        return
    for pattern in added:
        result.report("pattern-added", new.patterns[pattern], new=pattern)
    for pattern in removed:
        result.report("pattern-removed", old.patterns[pattern], old=pattern)


def _accepts_all(part: str, whole: str) -> bool:
    """Whether it is proven that a pattern accepts every text of another."""
    try:
        return text_outside(part, whole) is None
    except Undecidable:
        return False


def _compare_defaults(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    if old.default is NO_DEFAULT:
        if new.default is not NO_DEFAULT:
            result.report("default-added", new.default_pointer, new=format_value(new.default))
        return
    before = format_value(old.default)
    if new.default is NO_DEFAULT:
        result.report("default-removed", old.default_pointer, old=before)
    elif json_key(new.default) != json_key(old.default):
        result.report("default-changed", new.default_pointer, old=before, new=format_value(new.default))


def _compare_deprecation(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    if new.deprecated and not old.deprecated:
        if new.sunset is None:
            result.report("deprecated-without-sunset", new.pointer)
        else:
            result.report("deprecated", new.pointer, new=new.sunset)
    elif old.deprecated and not new.deprecated:
        result.report("deprecation-withdrawn", new.pointer)


def _compare_equality_only(engine: Engine, result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    reported: set[str] = set()
    for keyword, name in _EQUALITY_ONLY.items():
        before, after = old.others.get(keyword, []), new.others.get(keyword, [])
        if name in reported or not (before or after):
            continue
        if not before:
            kind, pointer = ("required" if name == "contained-item" else "added"), after[0].pointer
        elif not after:
            kind, pointer = ("dropped" if name == "contained-item" else "removed"), before[0].pointer
        elif len(before) == len(after) and all(
            engine.equal(SchemaPair(one, other, result.pair.context)) for one, other in zip(before, after, strict=True)
        ):
            continue
        else:
            kind, pointer = "changed", after[0].pointer
        reported.add(name)
        result.report(f"{name}-{kind}", pointer)
