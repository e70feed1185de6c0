"""Compares the `format` of two schemas."""

from typing import Final

from contracts.compat.normalized_schema import NUMBER, NormalizedSchema
from contracts.compat.pair import PairResult

# (format, a format that includes all its values)
_WIDER: Final = frozenset({("int32", "int64"), ("float", "double"), ("int32", "double"), ("uri", "uri-reference")})
# Formats that exclude no value that programs exchange as JSON.
_HINTS: Final = frozenset({"int64", "double", "password"})
_NUMBER_FORMATS: Final = frozenset({"int32", "int64", "float", "double"})
_STRING_FORMATS: Final = frozenset(
    {
        "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6",
        "uri", "uri-reference", "uri-template", "iri", "iri-reference", "uuid", "json-pointer",
        "relative-json-pointer", "regex",
    }
)  # fmt: skip


def compare_formats(result: PairResult, old: NormalizedSchema, new: NormalizedSchema, common: frozenset[str]) -> None:
    """Report formats that one side adds or removes. `common`: the types of values that both sides have."""
    before = [name for name in old.formats if _has_effect(name, common)]
    after = [name for name in new.formats if _has_effect(name, common)]
    removed = [name for name in before if name not in after and not _implies_int32(name, new)]
    added = [name for name in after if name not in before and not _implies_int32(name, old)]
    if removed and added:
        kind = "changed"
        if (removed[0], added[0]) in _WIDER:
            kind = "widened"
        elif (added[0], removed[0]) in _WIDER:
            kind = "narrowed"
        result.report(f"format-{kind}", new.formats[added[0]], old=removed[0], new=added[0])
        return
    for name in added:
        if name not in _HINTS:
            result.report("format-added", new.formats[name], new=name)
    for name in removed:
        if name not in _HINTS:
            result.report("format-removed", old.formats[name], old=name)


def _has_effect(name: str, types: frozenset[str]) -> bool:
    """Whether a format restricts values of any of the types. A format that is not registered can restrict each."""
    if name in _NUMBER_FORMATS:
        return bool(types & NUMBER)
    return name not in _STRING_FORMATS or "string" in types


def _implies_int32(name: str, other: NormalizedSchema) -> bool:
    """Whether the format is `int32`, and the bounds of the other schema allow no other values anyway."""
    if name != "int32" or not {"maximum", "minimum"} <= other.limits.keys():
        return False
    return bool(other.limits["maximum"][0][0] < 2**31 and other.limits["minimum"][0][0] >= -(2**31))
