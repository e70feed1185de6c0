"""Which tests execute which lines, and which of them run first against a mutant."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from tests.mutants.children import Limits
from tests.mutants.mutate import Mutant
from tests.mutants.targets import OF_DEFINITIONS, PACKAGES, ROOT, SOURCES, package_of, path_of

_MAX_FILES: Final = 8
"""Test files that a process which imports the application anew collects at most."""
_OWN: Final = 0.2
"""What a second of the tests of a package counts, compared to those of others that execute the same line."""


@dataclass
class LineMap:
    """Tests by line, from the records of ``collect.py``; ``seconds`` is what a test takes alone."""

    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[str, dict[int, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    """Tests by path and line."""
    at_import: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Lines that are executed before the first test."""
    breadth: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Lines that a test executes."""

    def add(self, record: Mapping[str, Any]) -> None:
        self.seconds |= record["seconds"]
        for path, sets in record["lines"].items():
            for text, tests in sets.items():
                numbers = [int(number) for number in text.split()]
                for test in tests:
                    self.breadth[test] += len(numbers)
                for number in numbers:
                    self.by_line[path][number] += tests
        for path, numbers in record["import"].items():
            self.at_import[path].update(numbers)

    def needs_import(self, mutant: Mutant) -> bool:
        """Whether the changed line is executed before the first test, so that the application is imported anew."""
        path = path_of(mutant.module)
        return bool(self.at_import[path] & set(self._recorded(path, mutant.lines)))

    def limits(self, tests: Sequence[str]) -> Limits:
        """A mutant may double the work; a loop without end takes all the processor time that it gets."""
        expected = sum(self.seconds[test] for test in tests)
        return Limits(cpu=20 + 3 * expected, wall=45 + 10 * expected)

    def tests(self, mutant: Mutant, max_seconds: float) -> list[str]:
        """The tests that can catch a mutant, the likeliest and fastest first, ``max_seconds`` of them."""
        own = PACKAGES[package_of(mutant.module)][0]
        executing = self._executing(path_of(mutant.module), mutant.lines)
        if not self.needs_import(mutant):
            return self._first(executing, own, max_seconds)
        definitions = {test for test in self.seconds if test.partition("::")[0] in OF_DEFINITIONS}
        used = set().union(*(self._executing(path, (line, line)) for path, line in _uses(mutant)))
        naming = _files_that_name(frozenset(_defined(path_of(mutant.module), mutant.lines[0])))
        used |= {test for test in self.seconds if test.partition("::")[0] in naming}
        module = set().union(*self.by_line[path_of(mutant.module)].values())
        ordered: list[str] = []
        for group in (definitions, executing, used, module):
            ordered += self._first(group.difference(ordered), own, max_seconds)
        # A constant that other constants are computed from may be mentioned in no function that a test executes.
        ordered = ordered or self._first(self.seconds, own, max_seconds)
        files = list(dict.fromkeys(test.partition("::")[0] for test in ordered))[:_MAX_FILES]
        return [test for test in ordered if test.partition("::")[0] in files]

    def _executing(self, path: str, lines: tuple[int, int]) -> set[str]:
        by_line = self.by_line[path]
        return set().union(*(by_line[line] for line in self._recorded(path, lines) if line in by_line))

    def _recorded(self, path: str, lines: tuple[int, int]) -> range:
        """These lines, or those of their statement: the parts of a text of several lines count as its first line."""
        own = range(lines[0], lines[1] + 1)
        if any(line in self.by_line[path] or line in self.at_import[path] for line in own):
            return own
        return max((each for each in _statements(path) if lines[0] in each), key=lambda each: each.start, default=own)

    def _first(self, tests: Iterable[str], own: str, max_seconds: float) -> list[str]:
        def price(test: str) -> float:
            # A test of few lines looks at each of them.
            return (self.seconds[test] + 0.02) * self.breadth[test] ** 0.5 * (_OWN if test.startswith(own) else 1)

        ordered = sorted(tests, key=lambda test: (price(test), test))
        chosen: list[str] = []
        total = 0.0
        for test in ordered:
            total += self.seconds[test]
            if total > max_seconds and chosen:
                break
            chosen.append(test)
        return chosen


@cache
def _sources() -> Mapping[str, Sequence[str]]:
    paths = (path for source in SOURCES for path in sorted((ROOT / source).rglob("*.py")))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").splitlines() for path in paths}


def _uses(mutant: Mutant) -> list[tuple[str, int]]:
    """The lines that mention what the changed statement outside of functions defines.

    What is computed from it when the module is imported counts, too: a statement that is compiled from a ``SELECT``.
    """
    path = path_of(mutant.module)
    computed = _computed(path)
    waiting, known = _defined(path, mutant.lines[0]), set[str]()
    found: set[tuple[str, int]] = set()
    while waiting:
        word = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(waiting)))})\b")
        places = {
            (each, number)
            for each, lines in _sources().items()
            for number, line in enumerate(lines, 1)
            if word.search(line)
        }
        known |= waiting
        found |= places
        waiting = {name for each, number in places if each == path for name in computed.get(number, ())} - known
    return sorted(found)


@cache
def _files_that_name(names: frozenset[str]) -> frozenset[str]:
    """The test files that import one of these names from a module: they may compare it without executing a line."""
    words = [rf"(?<=\W){re.escape(name)}(?=\W)" for name in sorted(names) if not name.startswith("__")]
    found = re.compile("|".join(words)) if words else None
    return frozenset(path for path, text in _tests().items() if found is not None and found.search(text))


@cache
def _tests() -> Mapping[str, str]:
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


@cache
def _statements(path: str) -> Sequence[range]:
    """The lines of each statement without a body."""
    found = (
        node for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))) if isinstance(node, ast.stmt)
    )
    return [range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in found if not hasattr(node, "body")]


@cache
def _computed(path: str) -> Mapping[int, set[str]]:
    """The names that each line of a module assigns outside of functions and classes."""
    found: dict[int, set[str]] = {}
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                found[line] = _assigned(node)
    return found


def _assigned(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}


def _defined(path: str, line: int) -> set[str]:
    """The names that the statement of a line assigns, or the name of the class or function that contains it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found = {node.name}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            found = _assigned(node) or found
    return found
