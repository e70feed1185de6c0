"""What can change in a schema, and what that means wherever schemas stand.

One law gives the severity. A place where the client sends values breaks when fewer are accepted; a place where it
receives them breaks when more can come. What cannot be compared breaks in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.compat.findings import Severity
from contracts.compat.rule import Rule


class Context(StrEnum):
    """Where a schema stands. The answer to a webhook is sent by the client; what a webhook carries, it receives."""

    PARAMETER = "request-parameter"
    BODY = "request-body"
    RESPONSE = "response-body"
    HEADER = "response-header"
    WEBHOOK = "webhook-body"
    WEBHOOK_RESPONSE = "webhook-response"

    @property
    def client_sends(self) -> bool:
        """Whether the client sends what stands here."""
        return self in {Context.PARAMETER, Context.BODY, Context.WEBHOOK_RESPONSE}


NOUNS: Final = {
    Context.PARAMETER: "The parameter {what}",
    Context.BODY: "{what} in the request",
    Context.RESPONSE: "{what} in the response",
    Context.HEADER: "The response header {what}",
    Context.WEBHOOK: "{what} in the webhook or callback",
    Context.WEBHOOK_RESPONSE: "{what} in your answer to the webhook or callback",
}


class Effect(StrEnum):
    """How the set of allowed values changes."""

    NARROWS = "narrows"
    WIDENS = "widens"
    DIFFERS = "differs"
    UNCLEAR = "unclear"
    NONE = "none"


_BREAKING, _WARNING, _SAFE = Severity.BREAKING, Severity.WARNING, Severity.SAFE
# effect -> (where the client sends, where it receives)
_SEVERITY: Final = {
    Effect.NARROWS: (_BREAKING, _SAFE),
    Effect.WIDENS: (_SAFE, _BREAKING),
    Effect.DIFFERS: (_BREAKING, _BREAKING),
    Effect.UNCLEAR: (_WARNING, _WARNING),
    Effect.NONE: (_SAFE, _SAFE),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change in a schema; `law` where the general one does not fit, with the reason in README.md."""

    name: str
    effect: Effect
    says: str
    law: tuple[Severity, Severity] | None = None
    # Whether the change shows where the client sends, and where it receives.
    seen: tuple[bool, bool] = (True, True)

    def occurs_in(self, context: Context) -> bool:
        """Whether the change can show at this place."""
        return self.seen[not context.client_sends]

    def severity(self, context: Context) -> Severity:
        """What the change does to a client at this place."""
        sent, received = self.law or _SEVERITY[self.effect]
        return sent if context.client_sends else received


def _bound(name: str, what: str, *, upper: bool) -> Iterator[Change]:
    tighter, looser = ("decreased", "increased") if upper else ("increased", "decreased")
    limit = "at most" if upper else "at least"
    yield Change(f"{name}-{tighter}", Effect.NARROWS, f"{what} {limit} {{new}}, before {{old}}")
    yield Change(f"{name}-{looser}", Effect.WIDENS, f"{what} {limit} {{new}}, before {{old}}")
    yield Change(f"{name}-added", Effect.NARROWS, f"{what} {limit} {{new}}, before there was no limit")
    yield Change(f"{name}-removed", Effect.WIDENS, f"{what} no limit, before {limit} {{old}}")


_N, _W, _D, _U, _NONE = Effect.NARROWS, Effect.WIDENS, Effect.DIFFERS, Effect.UNCLEAR, Effect.NONE

CHANGES: Final = (
    Change("type-changed", _D, "is {new}, before {old}"),
    Change("type-narrowed", _N, "is {new} only, before {old}"),
    Change("type-widened", _W, "can be {new}, before only {old}"),
    Change("became-nullable", _W, "can be null"),
    Change("became-not-nullable", _N, "can no longer be null"),
    Change("enum-value-removed", _N, "no longer has the value {old}"),
    Change("enum-value-added", _W, "has the new value {new}"),
    Change("became-enum", _N, "is one of {new}, before it was free"),
    Change("enum-dropped", _W, "can have any value, before one of {old}"),
    Change("const-changed", _D, "is always {new}, before {old}"),
    *_bound("max-length", "has", upper=True),
    *_bound("min-length", "has", upper=False),
    *_bound("max-items", "has", upper=True),
    *_bound("min-items", "has", upper=False),
    *_bound("max-properties", "has", upper=True),
    *_bound("min-properties", "has", upper=False),
    *_bound("maximum", "is", upper=True),
    Change("maximum-became-exclusive", _N, "is less than {new}, before it could be equal"),
    Change("maximum-became-inclusive", _W, "can be equal to {new}, before it was less"),
    *_bound("minimum", "is", upper=False),
    Change("minimum-became-exclusive", _N, "is more than {new}, before it could be equal"),
    Change("minimum-became-inclusive", _W, "can be equal to {new}, before it was more"),
    Change("multiple-of-added", _N, "is a multiple of {new}, before of nothing"),
    Change("multiple-of-removed", _W, "is no longer a multiple of {old}"),
    Change("multiple-of-narrowed", _N, "is a multiple of {new}, before of {old}"),
    Change("multiple-of-widened", _W, "is a multiple of {new}, before of {old}"),
    Change("multiple-of-changed", _D, "is a multiple of {new}, before of {old}"),
    Change("unique-items-required", _N, "has no item twice, before it could"),
    Change("unique-items-dropped", _W, "can have an item twice"),
    Change("pattern-added", _N, "matches {new}, before it was free"),
    Change("pattern-removed", _W, "no longer matches {old}"),
    Change("pattern-changed", _D, "matches {new}, before {old}"),
    Change("format-added", _N, "has the format {new}, before none"),
    Change("format-removed", _W, "no longer has the format {old}"),
    Change("format-narrowed", _N, "has the format {new}, before {old}"),
    Change("format-widened", _W, "has the format {new}, before {old}"),
    Change("format-changed", _D, "has the format {new}, before {old}"),
    Change("content-encoding-changed", _D, "has the content encoding {new}, before {old}"),
    Change("content-media-type-changed", _D, "holds {new}, before {old}"),
    Change("property-added", _NONE, "is new"),
    Change("required-property-added", _N, "is new and always there"),
    Change("property-removed", _D, "is gone"),
    Change("property-removed-before-sunset", _D, "is gone, though it was promised until {old}"),
    Change("property-removed-after-sunset", _U, "is gone, as announced for {old}"),
    Change("property-became-required", _N, "is always there, before it was optional"),
    Change("property-became-optional", _W, "can be absent, before it was always there"),
    Change("property-became-read-only", _D, "is only the server's to set", seen=(True, False)),
    Change("property-became-write-only", _D, "is no longer returned", seen=(False, True)),
    Change("property-became-writable", _NONE, "can be sent now", seen=(True, False)),
    Change("property-became-readable", _NONE, "is returned now", seen=(False, True)),
    Change("additional-properties-closed", _N, "has no fields beside the named ones, before any"),
    Change("additional-properties-opened", _W, "can have fields beside the named ones", (_SAFE, _WARNING)),
    Change("additional-properties-typed", _N, "has further fields of one kind only, before any"),
    Change("additional-properties-untyped", _W, "has further fields of any kind, before of one"),
    Change("map-values-removed", _D, "no longer has fields beside the named ones"),
    Change("pattern-property-added", _U, "has fields that match {new}"),
    Change("pattern-property-removed", _D, "no longer has fields that match {old}"),
    Change("dependent-property-required", _N, "has {new} wherever it has {old}"),
    Change("dependent-property-optional", _W, "can lack {new} where it has {old}"),
    Change("min-contains-changed", _U, "has another least number of certain items: {new}, before {old}"),
    Change("max-contains-changed", _U, "has another greatest number of certain items: {new}, before {old}"),
    Change("exclusion-added", _N, "excludes values that were allowed (`not`)"),
    Change("exclusion-removed", _W, "can have values that were excluded (`not`)"),
    Change("exclusion-changed", _U, "excludes other values than before (`not`)"),
    Change("condition-added", _N, "depends on a condition that was not there (`if`, `then`, `else`)"),
    Change("condition-removed", _W, "no longer depends on a condition (`if`, `then`, `else`)"),
    Change("condition-changed", _U, "depends on another condition (`if`, `then`, `else`)"),
    Change("contained-item-required", _N, "has an item of a certain kind, before it need not (`contains`)"),
    Change("contained-item-dropped", _W, "need not have an item of a certain kind (`contains`)"),
    Change("contained-item-changed", _U, "has an item of another kind (`contains`)"),
    Change("dependent-schema-added", _N, "depends on which fields are there (`dependentSchemas`)"),
    Change("dependent-schema-removed", _W, "no longer depends on which fields are there (`dependentSchemas`)"),
    Change("dependent-schema-changed", _U, "depends otherwise on which fields are there (`dependentSchemas`)"),
    Change("content-schema-added", _N, "holds a document of one kind, before of any (`contentSchema`)"),
    Change("content-schema-removed", _W, "holds a document of any kind (`contentSchema`)"),
    Change("content-schema-changed", _U, "holds a document of another kind (`contentSchema`)"),
    Change("variant-removed", _N, "can no longer be {old}"),
    Change("variant-added", _W, "can be {new}"),
    Change("variants-became-exclusive", _U, "fits exactly one of its variants, before at least one"),
    Change("variants-became-inclusive", _NONE, "fits at least one of its variants, before exactly one"),
    Change("discriminator-added", _U, "is told apart by {new}"),
    Change("discriminator-removed", _W, "is no longer told apart by {old}", (_WARNING, _BREAKING)),
    Change("discriminator-property-changed", _D, "is told apart by {new}, before by {old}"),
    Change("discriminator-value-added", _W, "has the new kind {new}"),
    Change("discriminator-value-removed", _N, "no longer has the kind {old}", (_BREAKING, _WARNING)),
    Change("discriminator-value-changed", _D, "means something else by the kind {new}"),
    Change("default-added", _U, "is {new} where it is absent, before nothing was promised", (_WARNING, _SAFE)),
    Change("default-removed", _U, "is no longer {old} where it is absent", (_WARNING, _SAFE)),
    Change("default-changed", _U, "is {new} where it is absent, before {old}", (_WARNING, _SAFE)),
    Change("deprecated", _NONE, "is deprecated until {new}"),
    Change("deprecated-without-sunset", _U, "is deprecated, and nobody says until when"),
    Change("deprecation-withdrawn", _NONE, "is no longer deprecated"),
)
_BY_NAME: Final = {change.name: change for change in CHANGES}
_CONSEQUENCES: Final = {
    (_BREAKING, True): ": what was valid can be refused.",
    (_BREAKING, False): ": clients can receive what they do not expect.",
    (_WARNING, True): ": check who relies on it.",
    (_WARNING, False): ": check who relies on it.",
}


def rule_id(context: Context, change: str) -> str:
    """The id of a change at a place."""
    return f"{context.value}-{_BY_NAME[change].name}"


def rules() -> Iterator[Rule]:
    """A rule for each change at each place."""
    for context in Context:
        for change in CHANGES:
            if not change.occurs_in(context):
                continue
            severity = change.severity(context)
            end = _CONSEQUENCES.get((severity, context.client_sends), ".")
            sentence = f"{NOUNS[context]} {change.says}{end}"
            yield Rule(rule_id(context, change.name), severity, sentence, context.value)
