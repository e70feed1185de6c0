"""Mutants of a module: mutmut's operators, applied to the whole module and not only to its functions.

mutmut itself skips code outside of functions, which is where schemas are defined. Left out are annotations and their
variables, imports, decorators, docstrings, and arguments that only the document shows: the contract check covers those.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Final

import libcst as cst
import libcst.matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_PROSE: Final = frozenset({"description", "examples", "title", "json_schema_extra", "responses", "model"})
"""Arguments that affect only the document."""


@dataclass(frozen=True)
class Mutant:
    """A module with one defect. ``code`` is its full source, ``line`` the line of the defect.

    ``late``: the defect is inside a function, so replacing the module is enough: no importer has a copy of the value.
    """

    module: str
    line: int
    late: bool
    code: str
    diff: str


class _Sites(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, bool, int, int, cst.CSTNode]] = []
        """Line, whether inside a function, first byte, length, and the replacement."""
        self._functions = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, (cst.Import, cst.ImportFrom, cst.Decorator, cst.Annotation)):
            return False
        if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString):
            return False
        if m.matches(node, m.Assign(value=m.Call(func=m.Name("TypeVar")))):
            return False
        if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value in _PROSE:
            return False
        span: Any = self.get_metadata(ByteSpanPositionProvider, node, None)
        for kind, operator in mutation_operators:
            if span is not None and isinstance(node, kind):
                line: Any = self.get_metadata(PositionProvider, node)
                place = (line.start.line, self._functions > 0, span.start, span.length)
                self.found += [(*place, changed) for changed in operator(node)]
        self._functions += isinstance(node, cst.FunctionDef)
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._functions -= isinstance(original_node, cst.FunctionDef)
        super().on_leave(original_node)


class _WithoutProse(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [keyword for keyword in node.keywords if keyword.arg not in _PROSE]
        return self.generic_visit(node)


def _tree(code: str) -> str | None:
    """The syntax tree without texts for the document; None for invalid Python."""
    try:
        return ast.dump(_WithoutProse().visit(ast.parse(code)))
    except SyntaxError:
        return None


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant that is a different program, in source order."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    sites = _Sites()
    wrapper.visit(sites)
    text = source.encode()
    seen = {_tree(source), None}
    for line, late, start, length, new in sites.found:
        code = (text[:start] + wrapper.module.code_for_node(new).encode() + text[start + length :]).decode()
        tree = _tree(code)
        if tree in seen:
            continue
        seen.add(tree)
        yield Mutant(module, line, late, code, _difference(source, code))


def _difference(source: str, code: str) -> str:
    """The changed lines, independent of their layout."""
    before, after = (ast.unparse(ast.parse(text)).splitlines() for text in (source, code))
    changes = [
        line for line in unified_diff(before, after, lineterm="", n=0) if not line.startswith(("---", "+++", "@@"))
    ]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changes)
