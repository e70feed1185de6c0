"""Decides about pairs of schemas by their values where the comparison of keywords cannot: withdraws and adds findings."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from contracts.compat.catalogue.schemas import VALUE_CHANGES, change_of
from contracts.compat.document import Document
from contracts.compat.findings import DiffFinding, Severity
from contracts.compat.pair import PairResult, Proof, SchemaPair
from contracts.compat.proof import Values
from contracts.compat.standalone import StandaloneConverter, TooLarge
from contracts.compat.texts import format_value

_MAX_PAIRS: Final = 400
# Changes of keywords that the comparison of keywords cannot decide.
_UNDECIDED: Final = (
    "exclusion-", "condition-", "contained-", "dependent-schema-", "variant", "min-contains", "max-contains",
)  # fmt: skip
_TEXT_UNDECIDED: Final = ("type-", "became-enum", "enum-", "const-changed", "became-n")
_NO_VALUE: Final = ": no value was found that is affected."


class Judge:
    """Judges the pairs of a comparison, each once. `added` has the pointers of fields that the new document adds."""

    def __init__(self, old: Document, new: Document, added: set[str]) -> None:
        self._old, self._new, self._added = old, new, added
        self._judged = 0

    def judge(self, result: PairResult, *, breaks_below: bool) -> None:
        """Correct the findings of a pair. `breaks_below`: a pair below it has a breaking finding."""
        self._judged += 1
        if self._judged > _MAX_PAIRS:
            return
        try:
            proof, witness = self._prove(result.pair)
        except (TooLarge, ValueError, RecursionError):
            return
        result.proof = proof
        if witness:
            if not breaks_below and not any(_breaks_by_value(finding) for finding in result.findings):
                _add_witness(result, witness[0])
        elif proof is not Proof.NONE:
            result.findings = withdraw(result.findings, proof, keep_fields=True)
        else:
            result.findings = [_doubt(finding, text=result.pair.text) for finding in result.findings]

    def _prove(self, pair: SchemaPair) -> tuple[Proof, tuple[Any, ...]]:
        sends = pair.context.client_sends
        none: frozenset[str] = frozenset()
        before = StandaloneConverter(self._old, "o", none, client_sends=sends, open_closed=not sends)
        after = StandaloneConverter(self._new, "n", frozenset(self._added) if sends else none, client_sends=sends)
        schemas = before.convert(pair.old), after.convert(pair.new)
        part, whole = schemas if sends else schemas[::-1]
        values = Values(before.definitions | after.definitions, text=pair.text)
        found = values.containment(part, whole)
        if found.witness or not found.proven or before.annotations != after.annotations:
            return Proof.NONE, found.witness
        return (Proof.EQUAL if self._equal(pair) else Proof.COVERED), ()

    def _equal(self, pair: SchemaPair) -> bool:
        none: frozenset[str] = frozenset()
        before, after = (
            StandaloneConverter(document, prefix, none, client_sends=pair.context.client_sends)
            for document, prefix in ((self._old, "o"), (self._new, "n"))
        )
        one, other = before.convert(pair.old), after.convert(pair.new)
        values = Values(before.definitions | after.definitions, text=False)
        return values.covers(one, other) and values.covers(other, one)


def withdraw(findings: Iterable[DiffFinding], proof: Proof, *, keep_fields: bool) -> list[DiffFinding]:
    """The findings that remain if no value is affected. `keep_fields`: those about the names of fields remain."""
    kept = []
    for finding in findings:
        by_value = change_of(finding.rule) in VALUE_CHANGES
        if by_value and (proof is Proof.EQUAL or finding.severity is not Severity.SAFE):
            continue
        if proof is Proof.EQUAL and not keep_fields and change_of(finding.rule).startswith("property-"):
            continue
        kept.append(finding)
    return kept


def _breaks_by_value(finding: DiffFinding) -> bool:
    return finding.severity is Severity.BREAKING and not change_of(finding.rule).startswith("default-")


def _add_witness(result: PairResult, value: Any) -> None:
    """Report a value, in place of the findings that leave open whether any value is affected."""
    open_findings = [
        one for one in result.findings if one.severity is Severity.WARNING and change_of(one.rule) in VALUE_CHANGES
    ]
    pointer = open_findings[0].pointer if open_findings else result.pair.new.pointer
    result.findings = [one for one in result.findings if one not in open_findings]
    change = "value-rejected" if result.pair.context.client_sends else "value-possible"
    result.report(change, pointer, new=format_value(value))


def _doubt(finding: DiffFinding, *, text: bool) -> DiffFinding:
    change = change_of(finding.rule)
    undecided = change.startswith(_UNDECIDED) or (text and change.startswith(_TEXT_UNDECIDED))
    if not undecided or finding.severity is not Severity.BREAKING:
        return finding
    message = finding.message.rpartition(": ")[0] + _NO_VALUE
    return replace(finding, severity=Severity.WARNING, message=message)
