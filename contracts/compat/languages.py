"""Decides whether one pattern accepts every text that another accepts, for patterns that are regular expressions.

Both patterns become automata. A search through pairs of states finds a text that only one of them accepts, or proves
that there is none. Alternations of known words (``^(id|title)(,(id|title))*$``) are the usual case.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser of `re` has no public name
from typing import Any, Final

Ranges = tuple[tuple[int, int], ...]

_MAX_STATES: Final = 5_000
_MAX_SEQUENCES: Final = 5_000
_MAX_STEPS: Final = 20_000
_ALL: Final[Ranges] = ((0, 0xD7FF), (0xE000, 0x10FFFF))
"""Code points without surrogates, which no JSON text contains."""
_LINE_ENDS: Final[Ranges] = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
_DIGITS: Final[Ranges] = ((0x30, 0x39),)
_WORD: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Final[Ranges] = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
# JSON Schema means ECMA-262, whose classes differ from Python's.
_CATEGORIES: Final = {
    _constants.CATEGORY_DIGIT: (_DIGITS, False),
    _constants.CATEGORY_NOT_DIGIT: (_DIGITS, True),
    _constants.CATEGORY_WORD: (_WORD, False),
    _constants.CATEGORY_NOT_WORD: (_WORD, True),
    _constants.CATEGORY_SPACE: (_SPACES, False),
    _constants.CATEGORY_NOT_SPACE: (_SPACES, True),
}
# These mean something else in Python.
_AMBIGUOUS: Final = re.compile(r"\[\^?\]|\{,|\(\?[^:]|\\[AZ]")


class Undecidable(Exception):
    """The patterns are not regular, too large, or read differently by Python."""


@lru_cache(maxsize=256)
def text_outside(part: str, whole: str) -> str | None:
    """A shortest text that `part` accepts and `whole` rejects, or None if there is none. Raises ``Undecidable``."""
    one, other = _Automaton.of(part), _Automaton.of(whole)
    first = other.closure({other.start})
    queue = deque((state, first, "") for state in one.closure({one.start}))
    seen = {(state, first) for state, _, _ in queue}
    steps = 0
    while queue:
        state, others, text = queue.popleft()
        if state == one.end and other.end not in others:
            return text
        edges = [edge for each in others for edge in other.edges[each]]
        for ranges, target in one.edges[state]:
            for character in _distinct(ranges, edges):
                steps += 1
                if steps > _MAX_STEPS:
                    raise Undecidable
                reached = other.closure({to for accepted, to in edges if _contains(accepted, character)})
                for next_state in one.closure({target}):
                    if (next_state, reached) not in seen:
                        seen.add((next_state, reached))
                        queue.append((next_state, reached, text + chr(character)))
    return None


class _Automaton:
    """A nondeterministic automaton with one start, one end, edges by ranges of code points, and empty edges."""

    def __init__(self) -> None:
        self.edges: list[list[tuple[Ranges, int]]] = []
        self._empty: list[list[int]] = []
        self._closures: dict[int, frozenset[int]] = {}
        self._sequences = 0
        self.start, self.end = self._add(), self._add()

    @classmethod
    def of(cls, pattern: str) -> "_Automaton":
        """The automaton of the texts in which a pattern is found. Raises ``Undecidable``."""
        if _AMBIGUOUS.search(pattern):
            raise Undecidable
        try:
            parsed = _parser.parse(pattern)
        except (re.error, OverflowError, RecursionError):
            raise Undecidable from None
        automaton = cls()
        for items in _alternatives(list(parsed)):
            state = automaton.start
            if items[:1] == [_BEGIN]:
                items = items[1:]  # noqa: PLW2901 - without the anchor
            else:
                state = automaton._any_text(state)
            anchored = items[-1:] == [_END]
            state = automaton._sequence(items[:-1] if anchored else items, state)
            automaton._join(state if anchored else automaton._any_text(state), automaton.end)
        return automaton

    def closure(self, states: set[int]) -> frozenset[int]:
        """The states that can be reached without a character."""
        return frozenset().union(*(self._closure(state) for state in states))

    def _closure(self, state: int) -> frozenset[int]:
        if (known := self._closures.get(state)) is None:
            found, queue = {state}, [state]
            while queue:
                new = set(self._empty[queue.pop()]) - found
                found |= new
                queue += new
            known = self._closures[state] = frozenset(found)
        return known

    def _add(self) -> int:
        if len(self.edges) >= _MAX_STATES:
            raise Undecidable
        self.edges.append([])
        self._empty.append([])
        return len(self.edges) - 1

    def _join(self, state: int, target: int) -> None:
        self._empty[state].append(target)

    def _step(self, state: int, ranges: Ranges) -> int:
        target = self._add()
        self.edges[state].append((ranges, target))
        return target

    def _any_text(self, state: int) -> int:
        loop = self._add()
        self._join(state, loop)
        self.edges[loop].append((_ALL, loop))
        return loop

    def _sequence(self, items: Sequence[Any], state: int) -> int:
        self._sequences += 1
        if self._sequences > _MAX_SEQUENCES:
            raise Undecidable
        for operation, argument in items:
            if operation is _constants.SUBPATTERN:
                state = self._sequence(list(argument[-1]), state)
            elif operation is _constants.BRANCH:
                ends = [self._sequence(list(branch), state) for branch in argument[1]]
                state = self._add()
                for end in ends:
                    self._join(end, state)
            elif operation in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}:
                state = self._repeat(argument, state)
            else:
                state = self._step(state, _ranges(operation, argument))
        return state

    def _repeat(self, argument: tuple[int, int, Any], state: int) -> int:
        least, most, inner = argument
        items = list(inner)
        for _ in range(least):
            state = self._sequence(items, state)
        after = self._add()
        if most is _constants.MAXREPEAT:
            self._join(state, after)
            self._join(self._sequence(items, after), after)
            return after
        for _ in range(most - least):
            self._join(state, after)
            state = self._sequence(items, state)
        self._join(state, after)
        return after


_BEGIN: Final = (_constants.AT, _constants.AT_BEGINNING)
_END: Final = (_constants.AT, _constants.AT_END)


def _alternatives(items: list[Any]) -> Iterator[list[Any]]:
    """Yield sequences that together match the same, with anchors at their ends only: ``^a$|b`` is two."""
    for index in {0, len(items) - 1} if items else ():
        operation, argument = items[index]
        if operation in {_constants.BRANCH, _constants.SUBPATTERN} and "AT_" in repr(argument):
            branches = argument[1] if operation is _constants.BRANCH else [argument[-1]]
            for branch in branches:
                yield from _alternatives([*items[:index], *branch, *items[index + 1 :]])
            return
    yield items


def _ranges(operation: Any, argument: Any) -> Ranges:
    """The characters that one item of a pattern accepts. Raises ``Undecidable``."""
    if operation is _constants.LITERAL:
        return ((argument, argument),)
    if operation is _constants.NOT_LITERAL:
        return _complement([(argument, argument)])
    if operation is _constants.ANY:
        return _complement(_LINE_ENDS)
    if operation is not _constants.IN:
        raise Undecidable
    found: list[tuple[int, int]] = []
    negated = False
    for kind, value in argument:
        if kind is _constants.NEGATE:
            negated = True
        elif kind is _constants.RANGE:
            found.append(value)
        elif kind is _constants.CATEGORY and value in _CATEGORIES:
            ranges, without = _CATEGORIES[value]
            found += _complement(ranges) if without else ranges
        else:
            found += _ranges(kind, value)
    return _complement(found) if negated else tuple(found)


def _complement(ranges: Sequence[tuple[int, int]]) -> Ranges:
    found = []
    for low, high in _ALL:
        start = low
        for first, last in sorted(ranges):
            if first > start:
                found.append((start, min(first - 1, high)))
            start = max(start, last + 1)
        if start <= high:
            found.append((start, high))
    return tuple((low, high) for low, high in found if low <= high)


def _contains(ranges: Ranges, character: int) -> bool:
    return any(low <= character <= high for low, high in ranges)


def _distinct(ranges: Ranges, edges: Sequence[tuple[Ranges, int]]) -> Iterator[int]:
    """Yield one character of each part of the ranges within which no edge makes a difference."""
    cuts = {cut for accepted, _ in edges for low, high in accepted for cut in (low, high + 1)}
    for low, high in ranges:
        starts = sorted({low, *(cut for cut in cuts if low < cut <= high)})
        for start, end in zip(starts, [*(cut - 1 for cut in starts[1:]), high], strict=True):
            # A letter is easier to read than the first control character.
            yield ord("a") if start <= ord("a") <= end else start
