"""Holds the fragments against the comparison: every finding has a section, and every section a finding."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.compat import Finding, Report, Severity
from contracts.guide.fragments import Fragment
from contracts.guide.patterns import Pattern, named_pointer


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which findings each pattern of each fragment explains, and what is wrong."""

    found: Mapping[tuple[str, Pattern], tuple[Finding, ...]]
    problems: tuple[str, ...]


def cover(fragments: list[Fragment], report: Report, old: Mapping[str, Any], new: Mapping[str, Any]) -> Coverage:
    """Match fragments and findings of the comparison of two documents."""
    named = [(finding, named_pointer(finding, old, new)) for finding in report]
    by_rule: dict[str, list[tuple[Finding, str]]] = {}
    for finding, at in named:
        by_rule.setdefault(finding.rule, []).append((finding, at))
    found = {
        (fragment.name, pattern): tuple(finding for finding, at in by_rule.get(pattern.rule, ()) if pattern.fits(at))
        for fragment in fragments
        for pattern in fragment.covers
    }
    explained = {(one.rule, one.pointer) for findings in found.values() for one in findings}
    problems = [*_unexplained(named, explained), *_stale(found)]
    return Coverage(found, tuple(problems))


def _unexplained(named: list[tuple[Finding, str]], explained: set[tuple[str, str]]) -> Iterator[str]:
    for finding, pointer in named:
        if finding.severity is not Severity.SAFE and (finding.rule, finding.pointer) not in explained:
            yield (
                f"{finding.severity.value}  {finding.rule}  {pointer}\n"
                f"  {finding.operation}: {finding.message}\n"
                f'  -> No fragment explains it to those who must move: put "{finding.rule} {pointer}" '
                f"under covers of one that does, or write one."
            )


def _stale(found: Mapping[tuple[str, Pattern], tuple[Finding, ...]]) -> Iterator[str]:
    for (name, pattern), findings in found.items():
        if not findings:
            yield (
                f'{name}.md covers "{pattern}", which the contracts no longer show\n'
                f"  -> Remove it from covers; a fragment that covers nothing any more goes as a whole."
            )
