"""Mutants of a module: mutmut's operators, applied to the whole module and not only to its functions.

mutmut itself skips code outside of functions, which is where schemas and limits are defined. ``noise.py`` lists what is
left out. Of several mutants of one string or argument, one remains: the others are caught by the same assertion.
"""

import ast
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from functools import lru_cache
from typing import Any, Final

import libcst as cst
import libcst.matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

from tests.mutants.noise import IGNORED, PROSE, is_noise

_LONG_LINE: Final = 240
_CONTEXT: Final = 60
"""Characters around a change that a shortened difference shows."""


@dataclass(frozen=True)
class Mutant:
    """A module with one defect. ``code`` is its full source, ``lines`` the lines of the changed expression.

    ``function`` is the qualified name of the function or class around the defect, empty at module level.
    """

    module: str
    function: str
    lines: tuple[int, int]
    code: str
    diff: str

    def __str__(self) -> str:
        return f"{self.module}:{self.lines[0]} {self.function}\n{self.diff}"

    @property
    def key(self) -> tuple[str, str, str]:
        """Identifies the mutant as long as the changed line and the name of its function stay the same."""
        return self.module, self.function, self.diff

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join((*self.key, str(self.lines), self.code)).encode()).hexdigest()


def _string(node: cst.BaseString) -> Iterable[cst.CSTNode]:
    """The first of mutmut's mutants: a changed text. Its variants in lower and upper case are left out."""
    return list(mutators.operator_string(node))[:1]


def _arguments(node: cst.Call, *, raising: bool = False) -> Iterator[cst.CSTNode]:
    """Each positional argument becomes None; each named one is removed, or becomes None where it is the only one."""
    for index, argument in enumerate(node.args):
        if argument.star or is_noise(argument, raising=raising):
            continue
        if argument.keyword is not None and len(node.args) > 1:
            yield node.with_changes(args=[*node.args[:index], *node.args[index + 1 :]])
        elif not (isinstance(argument.value, cst.Name) and argument.value.value == "None"):
            changed = argument.with_changes(value=cst.Name("None"))
            yield node.with_changes(args=[*node.args[:index], changed, *node.args[index + 1 :]])


_REPLACED: Final = {mutators.operator_string: _string, mutators.operator_arg_removal: _arguments}
_OPERATORS: Final = [(kind, _REPLACED.get(operator, operator)) for kind, operator in mutators.mutation_operators]


@dataclass(frozen=True)
class _Site:
    function: str
    lines: tuple[int, int]
    start: int
    length: int
    new: cst.CSTNode


class _Sites(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Site] = []
        self._names: list[str] = []
        self._raising = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if is_noise(node, self._raising > 0):
            return False
        span: Any = self.get_metadata(ByteSpanPositionProvider, node, None)
        for kind, operator in _OPERATORS:
            if span is not None and isinstance(node, kind):
                place: Any = self.get_metadata(PositionProvider, node)
                lines = (place.start.line, place.end.line)
                name = ".".join(self._names)
                self.found += [_Site(name, lines, span.start, span.length, new) for new in self._apply(operator, node)]
        self._raising += isinstance(node, cst.Raise)
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._names.append(node.name.value)
        return super().on_visit(node)

    def _apply(self, operator: Any, node: cst.CSTNode) -> Iterable[cst.CSTNode]:
        return _arguments(node, raising=True) if operator is _arguments and self._raising else operator(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._raising -= isinstance(original_node, cst.Raise)
        if isinstance(original_node, (cst.FunctionDef, cst.ClassDef)) and not m.matches(original_node, IGNORED):
            self._names.pop()
        super().on_leave(original_node)


class _WithoutProse(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [keyword for keyword in node.keywords if keyword.arg not in PROSE]
        if isinstance(node.func, ast.Name) and node.func.id == "Field" and len(node.args) == 1 and not node.keywords:
            # pydantic's `Field(default, description=...)` is the default.
            return self.visit(node.args[0])
        return self.generic_visit(node)


def _parse(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except SyntaxError:
        return None


@lru_cache(maxsize=1)
def _program(statement: str) -> tuple[str, str] | None:
    """A statement without its layout, and without its texts for people; ``None`` if it does not parse.

    Most sites follow another one in the same statement, so the one that stays is parsed once.
    """
    tree = _parse(statement)
    return None if tree is None else (ast.unparse(tree), ast.dump(_WithoutProse().visit(tree)))


def mutants(module: str, source: str, functions: Collection[str] | None = None) -> Iterator[Mutant]:
    """Every mutant that is a different program, in source order; those of some ``functions`` take less time."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    sites = _Sites()
    wrapper.visit(sites)
    text = source.encode()
    statements = _statements(source)
    seen: set[tuple[int, str]] = set()
    for site in sites.found:
        if functions is not None and site.function not in functions:
            continue
        start, end = next((start, end) for start, end in statements if start <= site.start < end)
        new = wrapper.module.code_for_node(site.new).encode()
        before = text[start:end].decode()
        after = (text[start : site.start] + new + text[site.start + site.length : end]).decode()
        old, new_tree = _program(before), _parse(after)
        if old is None or new_tree is None:
            continue
        old_text, old_dump = old
        diff = _difference(old_text, ast.unparse(new_tree))
        new_dump = ast.dump(_WithoutProse().visit(new_tree))
        if old_dump == new_dump or (start, new_dump) in seen:
            continue
        seen.add((start, new_dump))
        code = (text[:start] + after.encode() + text[end:]).decode()
        yield Mutant(module, site.function, site.lines, code, diff)


def _statements(source: str) -> list[tuple[int, int]]:
    """The bytes of each statement at module level, decorators included: trees are compared one statement at a time."""
    offsets = [0]
    for line in source.encode().splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    found = []
    for node in ast.parse(source).body:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
        found.append((offsets[first - 1], offsets[node.end_lineno or node.lineno]))
    return found


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common from their start."""
    return next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)


def _shortened(changes: list[str]) -> list[str]:
    """One long line and its successor, without most of what they share: a table is one statement."""
    if len(changes) != 2 or max(map(len, changes)) < _LONG_LINE:
        return changes
    old, new = (line[1:] for line in changes)
    start = max(0, _shared(old, new) - _CONTEXT)
    end = max(0, _shared(old[start:][::-1], new[start:][::-1]) - _CONTEXT)
    return [f"{line[0]} ...{line[1 + start : len(line) - end]}..." for line in changes]


def _difference(before: str, after: str) -> str:
    """The changed lines, independent of their layout."""
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changes = _shortened([line for line in lines if not line.startswith(("---", "+++", "@@"))])
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changes)
