"""Withdraws and adds findings about pairs of schemas by their values, where comparing keywords is not enough."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from contracts.compat.catalogue.schemas import VALUE_CHANGES, change_of
from contracts.compat.document import Document
from contracts.compat.findings import DiffFinding, Severity
from contracts.compat.pair import PairResult, Proof, SchemaPair
from contracts.compat.proof import Containment, Values
from contracts.compat.standalone import StandaloneConverter, TooLarge
from contracts.compat.texts import format_value

_MAX_PAIRS: Final = 400
_COST_OF_LARGE: Final = 20
# Changes of keywords that the comparison of keywords cannot decide.
_UNDECIDED: Final = (
    "exclusion-", "condition-", "contained-", "dependent-schema-", "variant", "min-contains", "max-contains",
)  # fmt: skip
# Changes that are right about the values of schemas whose keywords do not depend on each other.
_CERTAIN: Final = ("property-", "required-property-", "max-length-", "min-length-", "additional-properties-")
_TEXT_UNDECIDED: Final = ("type-", "became-enum", "enum-", "const-changed", "became-n")
# Fewer values than this show nothing about a pattern.
_MIN_TESTED: Final = 8
# Fewer strings than this show nothing about a length beside a pattern.
_MIN_OF_LENGTHS: Final = 2
_NO_VALUE: Final = ": no value was found that is affected."


class Judge:
    """Judges the pairs of a comparison, each once."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        # The pointers of fields that only one document declares: they have findings of their own.
        self._added: set[str] = set()
        self._removed: set[str] = set()
        self._judged = 0

    def ignore_fields(self, result: PairResult) -> None:
        """Leave out the fields of a pair that only one document declares. Called for the pairs below a pair first."""
        self._added |= result.added
        self._removed |= result.removed

    def judge(self, result: PairResult, *, breaks_below: bool) -> None:
        """Correct the findings of a pair. `breaks_below`: a pair below it has a breaking finding."""
        self._judged += 1
        if self._judged > _MAX_PAIRS:
            return
        try:
            proof, found = self._prove(result.pair)
        except TooLarge:
            self._judged += _COST_OF_LARGE
            return
        except (ValueError, TypeError, RecursionError):
            # Not a valid JSON Schema: its keywords decide.
            return
        result.proof = proof
        if found.witness:
            if not breaks_below and not any(_breaks_by_value(finding) for finding in result.findings):
                _add_witness(result, found.witness[0])
        elif proof is not Proof.NONE:
            result.findings = withdraw(result.findings, proof, keep_fields=True)
        else:
            undecided = _UNDECIDED + (_TEXT_UNDECIDED if result.pair.text else ())
            if found.tested >= _MIN_TESTED:
                undecided += ("pattern-",)
            if result.patterned and found.tested >= _MIN_OF_LENGTHS:
                undecided += ("max-length-", "min-length-")
            result.findings = [_doubt(finding, undecided) for finding in result.findings]

    def _prove(self, pair: SchemaPair) -> tuple[Proof, Containment]:
        sends = pair.context.client_sends
        none: frozenset[str] = frozenset()
        before = StandaloneConverter(
            self._old, "o", none if sends else frozenset(self._removed), client_sends=sends, received=not sends
        )
        after = StandaloneConverter(self._new, "n", frozenset(self._added) if sends else none, client_sends=sends)
        schemas = before.convert(pair.old), after.convert(pair.new)
        part, whole = schemas if sends else schemas[::-1]
        values = Values(before.definitions | after.definitions, text=pair.text)
        found = values.containment(part, whole)
        if found.witness or not found.proven or before.annotations != after.annotations:
            return Proof.NONE, found
        return (Proof.EQUAL if self._equal(pair) else Proof.COVERED), found

    def _equal(self, pair: SchemaPair) -> bool:
        none: frozenset[str] = frozenset()
        before, after = (
            StandaloneConverter(document, prefix, none, client_sends=pair.context.client_sends)
            for document, prefix in ((self._old, "o"), (self._new, "n"))
        )
        one, other = before.convert(pair.old), after.convert(pair.new)
        values = Values(before.definitions | after.definitions, text=False)
        return values.covers(one, other) and values.covers(other, one)


def needs_judgement(result: PairResult) -> bool:
    """Whether the comparison of keywords may be wrong about the values of a pair."""
    changes = (change_of(finding.rule) for finding in result.findings)
    return result.opaque or any(
        one in VALUE_CHANGES and (result.patterned or not one.startswith(_CERTAIN)) for one in changes
    )


def withdraw(findings: Iterable[DiffFinding], proof: Proof, *, keep_fields: bool) -> list[DiffFinding]:
    """The findings that remain if no value is affected. `keep_fields`: those about the names of fields remain."""
    kept = []
    for finding in findings:
        change = change_of(finding.rule)
        if proof is Proof.EQUAL and (change in VALUE_CHANGES or (not keep_fields and change.startswith("property-"))):
            continue
        if change in VALUE_CHANGES and finding.severity is not Severity.SAFE:
            message = finding.message.rpartition(": ")[0] + "."
            finding = replace(finding, severity=Severity.SAFE, message=message)  # noqa: PLW2901 - the corrected one
        kept.append(finding)
    return kept


def _breaks_by_value(finding: DiffFinding) -> bool:
    return finding.severity is Severity.BREAKING and not change_of(finding.rule).startswith("default-")


def _add_witness(result: PairResult, value: Any) -> None:
    """Report a value. A finding that leaves open whether any value is affected becomes breaking instead."""
    shown = format_value(value)
    sends = result.pair.context.client_sends
    effect = f": {shown} was accepted and is rejected." if sends else f": {shown} was not possible."
    open_findings = [
        one for one in result.findings if one.severity is Severity.WARNING and change_of(one.rule) in VALUE_CHANGES
    ]
    if not open_findings:
        result.report("value-rejected" if sends else "value-possible", result.pair.new.pointer, new=shown)
    for finding in open_findings[:1]:
        message = finding.message.rpartition(": ")[0] + effect
        result.findings[result.findings.index(finding)] = replace(finding, severity=Severity.BREAKING, message=message)


def _doubt(finding: DiffFinding, undecided: tuple[str, ...]) -> DiffFinding:
    """The finding as a warning if it is undecided: no value was found that is affected."""
    if finding.severity is not Severity.BREAKING or not change_of(finding.rule).startswith(undecided):
        return finding
    message = finding.message.rpartition(": ")[0] + _NO_VALUE
    return replace(finding, severity=Severity.WARNING, message=message)
