"""Checks the fragments against the comparison: each finding needs a fragment, and each pattern a finding."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.compat import DiffFinding, Report, Severity
from contracts.guide.fragments import Fragment
from contracts.guide.patterns import Pattern, named_pointer


@dataclass(frozen=True, slots=True)
class Coverage:
    """The findings that each pattern of each fragment explains, and the problems."""

    found: Mapping[tuple[str, Pattern], tuple[DiffFinding, ...]]
    problems: tuple[str, ...]


def check_coverage(
    fragments: list[Fragment], report: Report, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Coverage:
    """Match the fragments with the findings of a comparison."""
    named = [(finding, named_pointer(finding, old, new)) for finding in report]
    by_rule: dict[str, list[tuple[DiffFinding, str]]] = {}
    for finding, at in named:
        by_rule.setdefault(finding.rule, []).append((finding, at))
    found = {
        (fragment.name, pattern): tuple(finding for finding, at in by_rule.get(pattern.rule, ()) if pattern.matches(at))
        for fragment in fragments
        for pattern in fragment.covers
    }
    explained = {(one.rule, one.pointer) for findings in found.values() for one in findings}
    problems = [*_unexplained_problems(named, explained), *_stale_problems(found)]
    return Coverage(found, tuple(problems))


def _unexplained_problems(named: list[tuple[DiffFinding, str]], explained: set[tuple[str, str]]) -> Iterator[str]:
    for finding, pointer in named:
        if finding.severity is not Severity.SAFE and (finding.rule, finding.pointer) not in explained:
            yield (
                f"{finding.severity.value}  {finding.rule}  {pointer}\n"
                f"  {finding.operation}: {finding.message}\n"
                f'  -> No fragment explains this change: add "{finding.rule} {pointer}" '
                f"to the covers of a fragment that does, or write a new fragment."
            )


def _stale_problems(found: Mapping[tuple[str, Pattern], tuple[DiffFinding, ...]]) -> Iterator[str]:
    for (name, pattern), findings in found.items():
        if not findings:
            yield (
                f'{name}.md covers "{pattern}", which matches no change of the contracts\n'
                f"  -> Remove it from covers, and delete a fragment whose covers are empty."
            )
