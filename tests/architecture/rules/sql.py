"""Finds SQL in a module: texts of statements, and calls that execute one."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.rules.rule import calls, texts

_TEXT: Final = re.compile(
    r"^\s*(?:(?:SELECT|WITH|TRUNCATE|LOCK|LISTEN|NOTIFY|SET LOCAL)\s"
    r"|(?:select|with)\s.*\bfrom\s|(?:insert|INSERT)\s+(?:into|INTO)\b|(?:update|UPDATE)\s+\w+\s+(?:set|SET)\b"
    r"|(?:delete|DELETE)\s+(?:from|FROM)\b|(?:CREATE|ALTER|DROP|create|alter|drop)\s+(?:unique\s+|UNIQUE\s+)?"
    r"(?:TABLE|INDEX|DATABASE|table|index|database)\b)",
    re.DOTALL,
)
_EXECUTE: Final = {"execute", "executemany", "scalar", "scalars", "fetch", "fetchrow", "fetchval", "exec_driver_sql"}


def sql_texts(tree: ast.Module) -> Iterator[ast.AST]:
    """The strings of a module that are statements."""
    return (node for node in texts(tree) if _TEXT.search(str(node.value)))


def statement_calls(tree: ast.Module) -> Iterator[ast.AST]:
    """The calls that execute a statement. Building one needs an import of SQLAlchemy, which import contracts check."""
    return (call for call in calls(tree) if isinstance(call.func, ast.Attribute) and call.func.attr in _EXECUTE)
