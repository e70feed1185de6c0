"""Figures of the benchmarks that measure one thing each, with their goals."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A measured value, and its bounds where it has a goal."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the value is within its bounds."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def __str__(self) -> str:
        line = f"{self.name:<52}{self.value:>10.2f} {self.unit}".rstrip()
        if self.at_least is None and self.at_most is None:
            return line
        goal = f">= {self.at_least:g}" if self.at_most is None else f"<= {self.at_most:g}"
        return f"{line}  goal {goal}: {'met' if self.met else 'missed'}"


async def in_turns(rounds: int, *sides: Callable[[], Awaitable[float]]) -> float:
    """The median ratio of the first side to the second. They take turns in beginning a round; the first warms up."""
    ratios = []
    for n in range(rounds + 1):
        found = {}
        for side in sides if n % 2 else reversed(sides):
            found[side] = await side()
        if n:
            ratios.append(found[sides[0]] / found[sides[1]])
    return median(ratios)
