"""A bar chart of the CPU per request of each stack, as SVG for the README."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final
from xml.sax.saxutils import escape

from tests.benchmarks.measure import Results
from tests.benchmarks.plan import FASTIFY, FULL, LITESTAR, NAIVE, ONE, PAGE_OF_20, RAW, TUTORIAL

STACKS: Final[Mapping[str, str]] = {
    RAW: "raw ASGI + asyncpg, no layers",
    FULL: "Strata, every layer on",
    FASTIFY: "Fastify with its plugins",
    LITESTAR: "Litestar with its plugins",
    TUTORIAL: "FastAPI + ORM, no layers",
    NAIVE: "FastAPI + ORM + popular middleware",
}
_WIDTH, _LEFT, _ROW, _HEAD, _LARGEST = 760, 260, 26, 34, 400
"""Pixels: the image, the column of names, a bar, the heading of a group, and the longest bar."""


def relative_costs(results: Results) -> dict[str, dict[str, float]]:
    """The median over the rounds of the CPU per request by workload and stack, in units of Strata's."""
    return {
        workload: {stack: median(_of_rounds(results, stack, workload)) for stack in STACKS}
        for workload in (ONE, PAGE_OF_20)
    }


def _of_rounds(results: Results, stack: str, workload: str) -> list[float]:
    own, ours = results[stack, workload].cpu, results[FULL, workload].cpu
    return [cost / unit for cost, unit in zip(own, ours, strict=True)]


def draw(costs: Mapping[str, Mapping[str, float]]) -> str:
    """The image. Colours suit light and dark pages."""
    scale = _LARGEST / max(cost for group in costs.values() for cost in group.values())
    parts, top = [], 0
    for workload, group in costs.items():
        parts.append(_text(0, top + 22, f"CPU of the server process: {workload} (Strata = 1)", "bold"))
        top += _HEAD
        for stack, cost in group.items():
            parts += _bar(top, STACKS[stack], cost, scale, "#2f81f7" if stack == FULL else "#8b949e")
            top += _ROW
        top += _ROW // 2
    style = "font: 13px system-ui, sans-serif; fill: #6e7781"
    lines = "\n".join(f"  {part}" for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" role="img" style="{style}">\n'
        f"  <title>CPU per request of Strata and of other stacks</title>\n{lines}\n</svg>\n"
    )


def _bar(top: int, name: str, cost: float, scale: float, colour: str) -> Sequence[str]:
    width = max(2, round(cost * scale))
    return (
        _text(0, top + 16, name),
        f'<rect x="{_LEFT}" y="{top + 4}" width="{width}" height="{_ROW - 9}" fill="{colour}" rx="2"/>',
        _text(_LEFT + width + 8, top + 16, f"{cost:.2f}"),
    )


def _text(x: int, y: int, text: str, weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}">{escape(text)}</text>'
