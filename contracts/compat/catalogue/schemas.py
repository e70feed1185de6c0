"""The changes of schemas, with their severity in each context.

A context in which the client sends values breaks if fewer values are accepted. A context in which it receives values
breaks if more values can occur. Changes that cannot be compared break in both.
"""

from collections.abc import Iterator
from typing import Final

from contracts.compat.catalogue.change import NOUNS, Change, Context, Effect
from contracts.compat.decision import Decision
from contracts.compat.findings import Severity
from contracts.compat.rule import Rule

_BREAKING, _WARNING, _SAFE = Severity.BREAKING, Severity.WARNING, Severity.SAFE


def _bound(name: str, decision: Decision, *, upper: bool, unit: str = "") -> Iterator[Change]:
    tighter, looser = ("decreased", "increased") if upper else ("increased", "decreased")
    limit = f"a {'maximum' if upper else 'minimum'} of"
    yield Change(f"{name}-{tighter}", Effect.NARROWS, f"has {limit} {{new}}{unit} (before: {{old}})", decision)
    yield Change(f"{name}-{looser}", Effect.WIDENS, f"has {limit} {{new}}{unit} (before: {{old}})")
    yield Change(f"{name}-added", Effect.NARROWS, f"has {limit} {{new}}{unit} (before: no limit)", decision)
    yield Change(f"{name}-removed", Effect.WIDENS, f"no longer has {limit} {{old}}{unit}")


_OTHERWISE: Final = Decision.SENT_OTHERWISE
_N, _W, _D, _U, _NONE = Effect.NARROWS, Effect.WIDENS, Effect.DIFFERS, Effect.UNCLEAR, Effect.NONE

CHANGES: Final = (
    Change("type-changed", _D, "is {new} (before: {old})", Decision.TYPES, breaks_readers=True),
    Change("type-narrowed", _N, "is {new} only (before: {old})", Decision.TYPES),
    Change("type-widened", _W, "can be {new} (before: {old} only)"),
    Change("became-nullable", _W, "can be null"),
    Change("became-not-nullable", _N, "can no longer be null", Decision.NULL),
    Change("enum-value-removed", _N, "no longer has the value {old}", Decision.VALUES),
    Change("enum-value-added", _W, "has the new value {new}"),
    Change("became-enum", _N, "is one of {new} (before: any value)", Decision.VALUES),
    Change("enum-dropped", _W, "can be any value (before: one of {old})"),
    Change("const-changed", _D, "is always {new} (before: {old})", Decision.VALUES),
    *_bound("max-length", Decision.LENGTH_ABOVE, upper=True, unit=" characters"),
    *_bound("min-length", Decision.LENGTH_BELOW, upper=False, unit=" characters"),
    *_bound("max-items", Decision.ITEMS_ABOVE, upper=True, unit=" items"),
    *_bound("min-items", Decision.ITEMS_BELOW, upper=False, unit=" items"),
    *_bound("max-properties", Decision.MEMBERS_ABOVE, upper=True, unit=" fields"),
    *_bound("min-properties", Decision.MEMBERS_BELOW, upper=False, unit=" fields"),
    *_bound("maximum", Decision.NUMBER_ABOVE, upper=True),
    Change("maximum-became-exclusive", _N, "is less than {new} (before: less or equal)", Decision.NUMBER_ABOVE),
    Change("maximum-became-inclusive", _W, "is at most {new} (before: less)"),
    *_bound("minimum", Decision.NUMBER_BELOW, upper=False),
    Change("minimum-became-exclusive", _N, "is more than {new} (before: more or equal)", Decision.NUMBER_BELOW),
    Change("minimum-became-inclusive", _W, "is at least {new} (before: more)"),
    Change("multiple-of-added", _N, "is a multiple of {new} (before: any number)", _OTHERWISE),
    Change("multiple-of-removed", _W, "is no longer limited to multiples of {old}"),
    Change("multiple-of-narrowed", _N, "is a multiple of {new} (before: of {old})", _OTHERWISE),
    Change("multiple-of-widened", _W, "is a multiple of {new} (before: of {old})"),
    Change("multiple-of-changed", _D, "is a multiple of {new} (before: of {old})", _OTHERWISE),
    Change("unique-items-required", _N, "has unique items (before: duplicates allowed)", Decision.REPEATED_ITEMS),
    Change("unique-items-dropped", _W, "can have duplicate items"),
    Change("pattern-added", _N, "matches {new} (before: any text)", _OTHERWISE),
    Change("pattern-removed", _W, "no longer has to match {old}"),
    Change("pattern-narrowed", _N, "matches {new}, which accepts less than {old}", _OTHERWISE),
    Change("pattern-widened", _W, "matches {new}, which accepts more than {old}"),
    Change("pattern-changed", _D, "matches {new} (before: {old})", _OTHERWISE),
    Change("format-added", _N, "has the format {new} (before: none)", _OTHERWISE),
    Change("format-removed", _W, "no longer has the format {old}"),
    Change("format-narrowed", _N, "has the format {new} (before: {old})", _OTHERWISE),
    Change("format-widened", _W, "has the format {new} (before: {old})"),
    Change("format-changed", _D, "has the format {new} (before: {old})", _OTHERWISE),
    Change("content-encoding-changed", _D, "has the content encoding {new} (before: {old})", _OTHERWISE),
    Change("content-media-type-changed", _D, "contains {new} (before: {old})", _OTHERWISE),
    Change("property-added", _NONE, "is new", Decision.NAME_TAKEN),
    Change("required-property-added", _N, "is new and required", Decision.NAME_REQUIRED),
    Change("property-removed", _D, "is removed", Decision.SENT, breaks_readers=True),
    Change(
        "property-removed-before-sunset",
        _D,
        "is removed before its sunset on {old}",
        Decision.SENT,
        breaks_readers=True,
    ),
    Change(
        "property-removed-after-sunset", _U, "is removed after its sunset on {old}", Decision.SENT, breaks_readers=True
    ),
    Change("property-became-required", _N, "is required (before: optional)", Decision.OMITTED),
    Change("property-became-optional", _W, "is optional (before: required)"),
    Change(
        "property-became-read-only", _D, "can be set by the server only", Decision.SENT_MEANING, occurs=(True, False)
    ),
    Change(
        "property-became-write-only", _D, "is no longer returned", _OTHERWISE, occurs=(False, True), breaks_readers=True
    ),
    Change("property-became-writable", _NONE, "can be sent", occurs=(True, False)),
    Change("property-became-readable", _NONE, "is returned", occurs=(False, True)),
    Change("additional-properties-closed", _N, "has no additional fields (before: any)", Decision.NAMES_UNKNOWN),
    Change("additional-properties-opened", _W, "can have additional fields", override=(_SAFE, _WARNING)),
    Change("additional-properties-typed", _N, "has additional fields of one schema (before: any)", _OTHERWISE),
    Change("additional-properties-untyped", _W, "has any additional fields (before: of one schema)"),
    Change("map-values-removed", _D, "no longer has additional fields", _OTHERWISE, breaks_readers=True),
    Change("pattern-property-added", _U, "has fields that match {new}", _OTHERWISE),
    Change("pattern-property-removed", _D, "no longer has fields that match {old}", _OTHERWISE),
    Change("dependent-property-required", _N, "requires {new} if {old} is present", _OTHERWISE),
    Change("dependent-property-optional", _W, "no longer requires {new} if {old} is present"),
    Change("min-contains-changed", _U, "has another minimum of matching items: {new} (before: {old})", _OTHERWISE),
    Change("max-contains-changed", _U, "has another maximum of matching items: {new} (before: {old})", _OTHERWISE),
    Change("exclusion-added", _N, "excludes values that were allowed (`not`)", _OTHERWISE),
    Change("exclusion-removed", _W, "allows values that were excluded (`not`)"),
    Change("exclusion-changed", _U, "excludes other values (`not`)", _OTHERWISE),
    Change("condition-added", _N, "has a new condition (`if`, `then`, `else`)", _OTHERWISE),
    Change("condition-removed", _W, "no longer has a condition (`if`, `then`, `else`)"),
    Change("condition-changed", _U, "has another condition (`if`, `then`, `else`)", _OTHERWISE),
    Change("contained-item-required", _N, "must contain a matching item (`contains`)", _OTHERWISE),
    Change("contained-item-dropped", _W, "no longer has to contain a matching item (`contains`)"),
    Change("contained-item-changed", _U, "must contain another matching item (`contains`)", _OTHERWISE),
    Change("dependent-schema-added", _N, "has a new schema that depends on a field (`dependentSchemas`)", _OTHERWISE),
    Change("dependent-schema-removed", _W, "no longer has a schema that depends on a field (`dependentSchemas`)"),
    Change(
        "dependent-schema-changed", _U, "has another schema that depends on a field (`dependentSchemas`)", _OTHERWISE
    ),
    Change("content-schema-added", _N, "contains a document of one schema (before: any) (`contentSchema`)", _OTHERWISE),
    Change("content-schema-removed", _W, "contains any document (before: of one schema) (`contentSchema`)"),
    Change("content-schema-changed", _U, "contains a document of another schema (`contentSchema`)", _OTHERWISE),
    Change("variant-removed", _N, "can no longer be {old}", _OTHERWISE),
    Change("variant-added", _W, "can be {new}"),
    Change("variants-became-exclusive", _U, "matches exactly one of its variants (before: at least one)", _OTHERWISE),
    Change("variants-became-inclusive", _U, "matches at least one of its variants (before: exactly one)", _OTHERWISE),
    Change("discriminator-added", _U, "has the discriminator {new}", _OTHERWISE),
    Change(
        "discriminator-removed", _W, "no longer has the discriminator {old}", _OTHERWISE, override=(_WARNING, _BREAKING)
    ),
    Change("discriminator-property-changed", _D, "has the discriminator {new} (before: {old})", _OTHERWISE),
    Change("discriminator-value-added", _W, "has the new discriminator value {new}"),
    Change(
        "discriminator-value-removed",
        _N,
        "no longer has the discriminator value {old}",
        _OTHERWISE,
        override=(_BREAKING, _WARNING),
    ),
    Change("discriminator-value-changed", _D, "has another schema for the discriminator value {new}", _OTHERWISE),
    Change("value-rejected", _N, "rejects {new} (before: accepted)", _OTHERWISE, occurs=(True, False)),
    Change("value-possible", _W, "can be {new} (before: not possible)", occurs=(False, True)),
    Change(
        "default-added",
        _U,
        "is {new} if it is absent (before: undefined)",
        Decision.OMITTED_MEANING,
        override=(_WARNING, _SAFE),
    ),
    Change(
        "default-removed",
        _U,
        "is no longer {old} if it is absent",
        Decision.OMITTED_MEANING,
        override=(_WARNING, _SAFE),
    ),
    Change(
        "default-changed",
        _U,
        "is {new} if it is absent (before: {old})",
        Decision.OMITTED_MEANING,
        override=(_BREAKING, _SAFE),
    ),
    Change("deprecated", _NONE, "is deprecated with the sunset {new}"),
    Change("deprecated-without-sunset", _U, "is deprecated without a sunset", Decision.SENT_MEANING),
    Change("deprecation-withdrawn", _NONE, "is no longer deprecated"),
)
_BY_NAME: Final = {change.name: change for change in CHANGES}
_NOT_BY_VALUE: Final = (
    "format-",
    "additional-properties-opened",
    "content-",
    "property-added",
    "property-removed",
    "property-became-read",
    "property-became-writ",
    "map-values-",
    "pattern-property-removed",
    "discriminator-",
    "default-",
    "deprecated",
    "deprecation-",
)
VALUE_CHANGES: Final = frozenset(one.name for one in CHANGES if not one.name.startswith(_NOT_BY_VALUE))
"""The changes whose effect is completely described by the values that are allowed before and after."""
# (severity, whether the client sends) -> the end of the message
_CONSEQUENCES: Final = {
    (_BREAKING, True): ": values that were valid can be rejected.",
    (_BREAKING, False): ": clients can receive unexpected values.",
    (_WARNING, True): ": check which clients rely on it.",
    (_WARNING, False): ": check which clients rely on it.",
}


def rule_id(context: Context, change: str) -> str:
    """The rule id of a change in a context."""
    return f"{context.value}-{_BY_NAME[change].name}"


def change_of(rule: str) -> str:
    """The change of a rule id, without its context."""
    return next((rule[len(one) + 1 :] for one in Context if rule.startswith(f"{one.value}-")), rule)


def rules() -> Iterator[Rule]:
    """Yield a rule for each change in each context."""
    for context in Context:
        for change in CHANGES:
            if not change.occurs_in(context):
                continue
            severity = change.severity(context)
            end = _CONSEQUENCES.get((severity, context.client_sends), ".")
            if change.name.startswith("default-") and context.client_sends:
                end = ": requests without it have another effect."
            sentence = f"{NOUNS[context]} {change.message}{end}"
            yield Rule(rule_id(context, change.name), severity, sentence, context.value, change.decision(context))
