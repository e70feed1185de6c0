"""Tests wait as long as ``tests/support/waiting.py`` says: a limit of their own is too short on some busy machine."""

import ast
from pathlib import Path
from typing import TypeGuard

import pytest

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
LIMITS = {"timeout": 0, "wait_for": 1, "wait_until": 1, "eventually": 1}
"""Functions, and the position of the seconds among their arguments."""
SETTINGS = ("Config", "Limits", "Settings")
"""The ends of the names of classes whose field ``timeout`` is what a test is about."""
SHORT_SECONDS = 1
"""Shorter limits are meant to be reached."""


def own_limits(source: str) -> list[str]:
    """The expressions of a module that limit a wait by a number."""
    nodes = list(ast.walk(ast.parse(source)))
    settings = {id(keyword) for node in nodes if _declares_settings(node) for keyword in node.keywords}
    return [ast.unparse(node) for node in nodes if id(node) not in settings and _limit_of(node) > SHORT_SECONDS]


def _declares_settings(node: ast.AST) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)):
            return name.endswith(SETTINGS)
    return False


def _limit_of(node: ast.AST) -> float:
    match node:
        case ast.BinOp(left=ast.Call(func=ast.Attribute(attr="monotonic")), op=ast.Add(), right=ast.Constant(seconds)):
            return float(seconds)
        case ast.Call(func=ast.Attribute(value=ast.Name("asyncio"), attr=name) | ast.Name(name), args=arguments):
            position = LIMITS.get(name, len(arguments))
            if position < len(arguments):
                return _number(arguments[position])
        case ast.keyword(arg="timeout", value=given) if _number(given) < PATIENCE:
            return _number(given)
    return 0


def _number(node: ast.expr) -> float:
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else 0


def test_no_test_has_a_time_limit_of_its_own() -> None:
    found = {
        str(path.relative_to(ROOT)): limits
        for path in (ROOT / "tests").rglob("*.py")
        if (limits := own_limits(path.read_text()))
    }
    assert found == {}, "use PATIENCE for what becomes true, stretched(seconds) for a promised time"


@pytest.mark.parametrize(
    ("line", "reported"),
    [
        ("deadline = time.monotonic() + 30", True),
        ("deadline = time.monotonic() + PATIENCE", False),
        ("asyncio.timeout(20)", True),
        ("asyncio.timeout(0.02)", False),
        ("asyncio.wait_for(pool.close(), 10)", True),
        ("asyncio.wait_for(pool.close(), PATIENCE)", False),
        ("wait_until(lambda: ready(run), 60, lambda: run.output)", True),
        ("wait_until(lambda: len(run.pids()) == 2)", False),
        ("eventually(partial(depth, 10))", False),
        ("httpx2.get(url, timeout=10)", True),
        ("httpx2.get(url, timeout=PATIENCE)", False),
        ("connection.execute(statement, timeout=3600)", False),
        ("MailSettings(timeout=30)", False),
    ],
)
def test_limits_are_found(line: str, *, reported: bool) -> None:
    assert bool(own_limits(line)) == reported
