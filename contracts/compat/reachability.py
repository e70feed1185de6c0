"""The findings that each pair of schemas reaches, computed once for all pairs of a comparison."""

from collections.abc import Callable
from typing import Any

from contracts.compat.findings import DiffFinding, Severity
from contracts.compat.judge import Judge, needs_judgement, withdraw
from contracts.compat.pair import PairResult, Proof, SchemaPair

Key = tuple[Any, ...]


class Reachability:
    """Collects findings along the graph of pairs. Pairs that reach each other have the same findings (Tarjan)."""

    def __init__(self, result: Callable[[SchemaPair], PairResult], judge: Judge) -> None:
        self._result = result
        self._judge = judge
        self._found: dict[Key, dict[DiffFinding, None]] = {}

    def findings(self, pair: SchemaPair) -> list[DiffFinding]:
        """All findings at this pair and below it, each once."""
        if pair.key not in self._found:
            for component in self._components(pair):
                self._collect(component)
        return list(self._found[pair.key])

    def _components(self, start: SchemaPair) -> list[list[PairResult]]:
        """The strongly connected components that are not known yet, those below others first."""
        index: dict[Key, int] = {}
        low: dict[Key, int] = {}
        stack: list[PairResult] = []
        on_stack: set[Key] = set()
        components = []
        work = [(self._result(start), iter(_below(self._result(start))))]
        index[start.key] = low[start.key] = 0
        stack.append(work[0][0])
        on_stack.add(start.key)
        while work:
            result, children = work[-1]
            key = result.pair.key
            child = next(children, None)
            if child is not None:
                if child.key in self._found:
                    continue
                if child.key not in index:
                    index[child.key] = low[child.key] = len(index)
                    entered = self._result(child)
                    stack.append(entered)
                    on_stack.add(child.key)
                    work.append((entered, iter(_below(entered))))
                elif child.key in on_stack:
                    low[key] = min(low[key], index[child.key])
                continue
            work.pop()
            if work:
                above = work[-1][0].pair.key
                low[above] = min(low[above], low[key])
            if low[key] == index[key]:
                component = []
                while True:
                    one = stack.pop()
                    on_stack.discard(one.pair.key)
                    component.append(one)
                    if one.pair.key == key:
                        break
                components.append(component)
        return components

    def _collect(self, component: list[PairResult]) -> None:
        inside = {result.pair.key for result in component}
        below: dict[DiffFinding, None] = {}
        for result in component:
            self._judge.ignore_fields(result)
        for result in component:
            reached = self._reached(result, inside)
            breaks = any(finding.severity is Severity.BREAKING for finding in reached)
            if result.pair.judged and needs_judgement(result):
                self._judge.judge(result, breaks_below=breaks)
            below |= self._reached(result, inside) | dict.fromkeys(result.findings)
        for result in component:
            self._found[result.pair.key] = below

    def _reached(self, result: PairResult, inside: set[Key]) -> dict[DiffFinding, None]:
        """The findings of the pairs below a pair and outside its component. Its proof withdraws some of them."""
        found: dict[DiffFinding, None] = {}
        for child in result.children:
            if child.key not in inside:
                found |= self._found[child.key]
        if result.proof is not Proof.NONE:
            found = dict.fromkeys(withdraw(found, result.proof, keep_fields=True))
        for variant in result.variants:
            if variant.key not in inside:
                of_variant = self._found[variant.key]
                if result.proof is not Proof.NONE:
                    of_variant = dict.fromkeys(withdraw(of_variant, result.proof, keep_fields=False))
                found |= of_variant
        return found


def _below(result: PairResult) -> list[SchemaPair]:
    return [*result.children, *result.variants]
