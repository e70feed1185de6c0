"""One rule over the syntax trees of modules."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Rule:
    """What modules must not contain.

    ``modules`` are globs below the repository. ``find`` yields the nodes of a module that break the rule. ``rejected``
    and ``accepted`` are sources that test the rule itself. ``exceptions`` maps a module, or a function of one as
    ``path::name``, to the reason why it may break the rule.
    """

    name: str
    modules: tuple[str, ...]
    find: Callable[[ast.Module], Iterator[ast.AST]]
    rejected: tuple[str, ...]
    accepted: tuple[str, ...]
    exceptions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def violations(self) -> Sequence[str]:
        """All violations as ``path::function:line``, including those that an exception permits."""
        return [violation for path in self.sources for violation in self._violations(path)]

    def _violations(self, path: Path) -> list[str]:
        tree = parsed(path)
        name = str(path.relative_to(ROOT))
        return [f"{name}{_function_of(tree, node)}:{getattr(node, 'lineno', 1)}" for node in self.find(tree)]

    def is_excepted(self, violation: str) -> bool:
        """Whether an exception names the module or the function of a violation."""
        place = violation.rpartition(":")[0]
        return place in self.exceptions or place.partition("::")[0] in self.exceptions

    @cached_property
    def sources(self) -> Sequence[Path]:
        """The modules to which the rule applies."""
        return sorted({path for pattern in self.modules for path in ROOT.glob(pattern)})


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text())


def walk(tree: ast.AST) -> Sequence[ast.AST]:
    """A node and every node below it. Those of a module are kept: each rule reads them again."""
    return _nodes_of(tree) if isinstance(tree, ast.Module) else list(ast.walk(tree))


@cache
def _nodes_of(tree: ast.Module) -> Sequence[ast.AST]:
    return list(ast.walk(tree))


def _function_of(tree: ast.Module, node: ast.AST) -> str:
    """The outermost function or method that contains a node, as ``::name``; empty outside of functions."""
    bodies = [tree, *(part for part in walk(tree) if isinstance(part, ast.ClassDef))]
    for body in bodies:
        for part in body.body:
            if isinstance(part, Function) and any(inner is node for inner in walk(part)):
                return f"::{part.name}"
    return ""


def classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    """The classes of a module."""
    return (node for node in walk(tree) if isinstance(node, ast.ClassDef))


def functions(tree: ast.AST) -> Iterator[Function]:
    """The functions and methods of a module."""
    return (node for node in walk(tree) if isinstance(node, Function))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls in a module."""
    return (node for node in walk(tree) if isinstance(node, ast.Call))


def name_of(node: ast.expr) -> str:
    """The source of an expression, without arguments and subscripts: ``a.b`` for ``a.b(c)[0]``."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return ast.unparse(node)


def last_name(node: ast.expr) -> str:
    """The last part of the name of an expression: ``b`` for ``a.b(c)``."""
    return name_of(node).rpartition(".")[2]


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """The strings of a module, without docstrings and those that document a variable."""
    documentation = {id(node.value) for node in walk(tree) if isinstance(node, ast.Expr)}
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node


def evaluated_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: everything but the bodies of functions and ``__main__`` blocks."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            continue
        yield node
        if isinstance(node, Function):
            waiting += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.Lambda):
            waiting += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        else:
            waiting += ast.iter_child_nodes(node)
