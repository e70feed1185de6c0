"""Locates the findings about a schema in the operations that use it, by the elements of usage evidence."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from contracts.compat.decision import Decision
from contracts.compat.document import Document, Node
from contracts.compat.findings import DiffFinding, Occurrence
from contracts.compat.members import count_alternatives
from contracts.compat.pair import PairResult, SchemaPair
from contracts.compat.registry import registry

_MAX_STEPS: Final = 5_000
_MAX_DEPTH: Final = 8
"""The steps of an element, as many as evidence has."""
_ABOUT_ABSENCE: Final = frozenset({Decision.OMITTED, Decision.OMITTED_MEANING, Decision.NAME_REQUIRED})
"""Decisions about the object that lacks a member."""
Key = tuple[str, str]
"""Rule and pointer of a finding."""


@dataclass(frozen=True, slots=True)
class _Union:
    """The schemas with the variants, and the path to them."""

    nodes: tuple[Node, ...]
    path: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A pair at a path. Below a variant whose values evidence cannot tell from others, `union` is what has it."""

    pair: SchemaPair
    path: str = ""
    depth: int = 0
    certain: bool = True
    union: _Union | None = None

    def below(self, pair: SchemaPair, *, is_variant: bool) -> "_Place":
        """The place of a pair below this one. A variant takes no step, but those of variants must end as well."""
        union = self.union
        if not pair.certain:
            nodes = tuple(part.node for part in self.pair.old.parts)
            union = _Union(nodes, self.path) if is_variant and self.certain else None
        return _Place(pair, self.path + pair.step, self.depth + 1, self.certain and pair.certain, union)


def occurrences_below(
    pair: SchemaPair,
    root: Occurrence,
    result: Callable[[SchemaPair], PairResult],
    findings: Callable[[SchemaPair], list[DiffFinding]],
    old: Document,
) -> Mapping[Key, list[Occurrence]]:
    """The occurrences of each finding at a pair and below it. `root` is the place of the pair in an operation.

    A finding that is not located, since the schemas are too many or nested too deeply, has one without an element.
    """
    found: dict[Key, list[tuple[_Place, str]]] = {}
    deeper: set[Key] = set()
    waiting = [_Place(pair)]
    for _ in range(_MAX_STEPS):
        if not waiting:
            break
        place = waiting.pop()
        if place.depth > _MAX_DEPTH:
            deeper.update((one.rule, one.pointer) for one in findings(place.pair))
            continue
        reached = result(place.pair)
        for one in reached.findings:
            found.setdefault((one.rule, one.pointer), []).append((place, place.path + one.member))
        waiting += [place.below(one, is_variant=False) for one in reached.children if findings(one)]
        waiting += [place.below(one, is_variant=True) for one in reached.variants if findings(one)]
    deeper.update((one.rule, one.pointer) for left in waiting for one in findings(left.pair))
    by_rule = Counter((rule, path) for (rule, _), places in found.items() for _, path in places)
    located = {key: list(_located(old, root, key[0], places, by_rule)) for key, places in found.items()}
    return located | {key: [*located.get(key, ()), replace(root, element="")] for key in deeper}


def _located(
    old: Document, root: Occurrence, rule: str, places: list[tuple[_Place, str]], by_rule: Counter[tuple[str, str]]
) -> Iterator[Occurrence]:
    decision = registry()[rule].decision
    about_absence = decision in _ABOUT_ABSENCE
    changed = Counter(path for _, path in places)
    if decision is Decision.READ:
        # Readers break whichever of the variants they receive, so those of several schemas count together.
        changed = Counter({path: by_rule[rule, path] for path in changed})
    for place, path in places:
        certain = place.certain
        if not certain and place.union is not None:
            inner = path.removeprefix(place.union.path)
            inner = inner.rpartition("/")[0] if about_absence else inner
            # If all variants with the member change, all its values have the changed schema.
            certain = bool(inner) and count_alternatives(old, place.union.nodes, inner) <= changed[path]
        yield Occurrence(root.operation, _element(root.element, path), root.status, certain)


def _element(root: str, path: str) -> str:
    separator = "" if ":" in root or not path else ":"
    return f"{root}{separator}{path}" if root else ""
