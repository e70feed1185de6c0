"""Tests wait as long as ``tests/support/waiting.py`` says: a limit of their own is too short on some busy machine."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMITS = {"timeout": 0, "wait_for": 1, "wait_until": 1, "eventually": 1}
"""Functions, and the position of the seconds among their arguments."""
SHORT_SECONDS = 1
"""Shorter limits are meant to be reached."""


def own_limits(source: str) -> list[str]:
    """The expressions of a module that limit a wait by a number."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(source)) if _limit_of(node) > SHORT_SECONDS]


def _limit_of(node: ast.AST) -> float:
    match node:
        case ast.BinOp(left=ast.Call(func=ast.Attribute(attr="monotonic")), op=ast.Add(), right=ast.Constant(seconds)):
            return float(seconds)
        case ast.Call(func=ast.Attribute(value=ast.Name("asyncio"), attr=name) | ast.Name(name), args=arguments):
            position = LIMITS.get(name, len(arguments))
            if position < len(arguments) and isinstance(given := arguments[position], ast.Constant):
                return float(given.value) if isinstance(given.value, int | float) else 0
    return 0


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
    ],
)
def test_limits_are_found(line: str, *, reported: bool) -> None:
    assert bool(own_limits(line)) == reported
