"""Ratios of the measurements, with their goals: microseconds of one machine say nothing about another."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final, Literal

from rich.table import Table
from rich.text import Text

from tests.benchmarks.measure import Results
from tests.benchmarks.plan import (
    ADMITTED,
    BARE,
    CHECKED,
    DEEP,
    FASTIFY,
    FEW,
    FULL,
    LIMITED,
    LITESTAR,
    MANY,
    NAIVE,
    OLDEST_ONE,
    ONE,
    OTHER,
    PAGE_OF_20,
    POSTING,
    RAW,
    ROUTE,
    TRANSFERRING,
    TUTORIAL,
    TWICE,
    UNCHECKED,
    UNOBSERVED,
    WRITING,
)

Cell = tuple[str, str]
"""The names of a variant and of a workload."""


@dataclass(frozen=True)
class Goal:
    """Bounds of a ratio between two cells: of their CPU per request, of their p99 or of their rate.

    The value of the cell ``minus`` is subtracted from the numerator.
    """

    name: str
    numerator: Cell
    denominator: Cell
    at_least: float | None = None
    at_most: float | None = None
    of: Literal["cpu", "p99", "rate"] = "cpu"
    minus: Cell | None = None

    def is_met(self, value: float) -> bool:
        """Whether the ratio is within the bounds."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        if self.at_least is None:
            return f"<= {self.at_most}"
        return f">= {self.at_least}" if self.at_most is None else f"{self.at_least} to {self.at_most}"


@dataclass(frozen=True)
class Ratio:
    """The measured ratio of a goal."""

    name: str
    workload: str
    value: float
    goal: str
    met: bool


Bounds = tuple[float, float]
"""Of GET one post, and of the list."""


def _pair(
    name: str, numerator: str, denominator: str, *, at_least: Bounds | None = None, at_most: Bounds | None = None
) -> list[Goal]:
    return [
        Goal(name, (numerator, workload), (denominator, workload), at_least and at_least[n], at_most and at_most[n])
        for n, workload in enumerate((ONE, PAGE_OF_20))
    ]


GOALS: Final = (
    *_pair("Strata in full / tutorial FastAPI + ORM", FULL, TUTORIAL, at_most=(0.28, 0.38)),
    *_pair("Strata in full / the naive stack", FULL, NAIVE, at_most=(0.09, 0.17)),
    *_pair("raw ASGI + asyncpg / Strata in full", RAW, FULL, at_least=(0.4, 0.35)),
    *_pair("Strata in full / Litestar with its plugins", FULL, LITESTAR, at_most=(0.4, 0.7)),
    *_pair("Strata in full / Fastify with its plugins", FULL, FASTIFY, at_most=(0.4, 0.7)),
    Goal("(Strata in full - every layer off) / raw ASGI", (FULL, ONE), (RAW, ONE), at_most=0.75, minus=(BARE, ONE)),
    Goal("the oldest version / the newest", (FULL, OLDEST_ONE), (FULL, ONE), at_most=1.5),
    # 10 % for one request in ten is 1 % for one in a hundred, the default.
    *_pair("one request in ten checked / none", CHECKED, UNCHECKED, at_most=(1.1, 1.1)),
    *_pair("evidence of usage on / off, at the defaults", FULL, UNOBSERVED, at_most=(1.02, 1.02)),
    Goal(f"{MANY} / {FEW}", (MANY, ROUTE), (FEW, ROUTE), at_most=1.1),
    Goal(
        "p99 of admitted requests at twice the load / at the admitted load",
        (LIMITED, TWICE),
        (LIMITED, ADMITTED),
        at_most=2.0,
        of="p99",
    ),
    Goal("transfers / new posts, a second", (WRITING, TRANSFERRING), (WRITING, POSTING), at_least=0.8, of="rate"),
    Goal("deep page by cursor / first page", (FULL, DEEP), (FULL, PAGE_OF_20), at_most=1.2),
)

AGAINST_GOALS: Final = tuple(_pair("this checkout / the other one", FULL, OTHER, at_most=(1.03, 1.03)))


def ratios(results: Results, goals: Sequence[Goal] = GOALS) -> list[Ratio]:
    """The ratio of each goal: the median over the rounds. Both sides of a round are measured within seconds."""
    return [_ratio(goal, median(_of_rounds(goal, results))) for goal in goals]


def _of_rounds(goal: Goal, results: Results) -> list[float]:
    numerators, denominators = (getattr(results[cell], goal.of) for cell in (goal.numerator, goal.denominator))
    subtracted = [0.0] * len(numerators) if goal.minus is None else getattr(results[goal.minus], goal.of)
    return [
        (numerator - less) / denominator
        for numerator, less, denominator in zip(numerators, subtracted, denominators, strict=True)
    ]


def _ratio(goal: Goal, value: float) -> Ratio:
    return Ratio(goal.name, goal.numerator[1], round(value, 3), str(goal), goal.is_met(value))


def goals_table(found: Sequence[Ratio], caption: str) -> Table:
    """A table of ratios with their goals."""
    title = "CPU per request of the server process (and one latency), as ratios"
    table = Table(title=title, caption=caption, title_justify="left")
    for heading, justify in (("ratio", "left"), ("measured on", "left"), ("value", "right"), ("goal", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # the four are literals
    for ratio in found:
        value = Text(f"{ratio.value:.2f}", style="green" if ratio.met else "bold red")
        goal = f"{ratio.goal} {'met' if ratio.met else 'missed'}"
        table.add_row(ratio.name, ratio.workload, value, goal)
    return table


def layer_costs(results: Results, layers: Sequence[str]) -> dict[str, float | None]:
    """The CPU of each layer as a share of the whole; None for a layer without which requests fail."""
    whole = results[FULL, ONE].value
    return {
        name: round((whole - results[name, ONE].value) / whole, 3) if (name, ONE) in results else None
        for name in layers
    }


def layers_table(costs: Mapping[str, float | None]) -> Table:
    """A table of the layers' shares."""
    table = Table("layer, outermost first", title=f"Share of the CPU of {ONE}", title_justify="left")
    table.add_column("share", justify="right")
    for name, share in costs.items():
        table.add_row(name, "needed" if share is None else f"{share:+.1%}")
    return table


def as_json(results: Results, **parts: Any) -> dict[str, Any]:
    """All measurements as JSON, with ``parts`` beside them."""
    measured = [
        {"variant": variant, "workload": workload, "median_cpu_us": round(measurement.value, 1), **asdict(measurement)}
        for (variant, workload), measurement in results.items()
    ]
    return {**parts, "measurements": measured}
