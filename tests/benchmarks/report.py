"""From microseconds, which mean nothing on another machine, to ratios, which do; and the goals beside them."""

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
    DEEP,
    FEW,
    FULL,
    JUDGED,
    LIMITED,
    MANY,
    NAIVE,
    ONE,
    OTHER,
    PAGE_OF_20,
    RAW,
    ROUTE,
    TUTORIAL,
    TWICE,
    UNJUDGED,
)

Cell = tuple[str, str]
"""The names of a variant and of a workload."""


@dataclass(frozen=True)
class Goal:
    """A bound on what one cell measured, CPU if not said otherwise, by that of another."""

    name: str
    above: Cell
    below: Cell
    sign: Literal["<=", ">="]
    bound: float
    of: Literal["cpu", "p99"] = "cpu"


@dataclass(frozen=True)
class Ratio:
    """What a goal came to."""

    name: str
    workload: str
    value: float
    goal: str
    met: bool


def _pair(name: str, above: str, below: str, sign: Literal["<=", ">="], bound: float) -> list[Goal]:
    return [Goal(name, (above, workload), (below, workload), sign, bound) for workload in (ONE, PAGE_OF_20)]


GOALS: Final = (
    *_pair("Strata in full / tutorial FastAPI + ORM", FULL, TUTORIAL, "<=", 0.5),
    *_pair("Strata in full / the naive stack", FULL, NAIVE, "<=", 0.2),
    *_pair("raw ASGI + asyncpg / Strata in full", RAW, FULL, ">=", 0.4),
    *_pair("Strata in full / every layer off", FULL, BARE, "<=", 1.4),
    # At the default of one in a hundred that is 1 %.
    *_pair("one in ten held against its contract / none", JUDGED, UNJUDGED, "<=", 1.1),
    Goal(f"{MANY} / {FEW}", (MANY, ROUTE), (FEW, ROUTE), "<=", 1.1),
    Goal("p99 of answers / p99 at the admitted load", (LIMITED, TWICE), (LIMITED, ADMITTED), "<=", 2.0, "p99"),
    Goal("deep page by cursor / first page", (FULL, DEEP), (FULL, PAGE_OF_20), "<=", 1.2),
)

AGAINST_GOALS: Final = tuple(_pair("this checkout / the other one", FULL, OTHER, "<=", 1.03))


def ratios(results: Results, goals: Sequence[Goal] = GOALS) -> list[Ratio]:
    """Every goal's ratio: the median of those of the rounds, whose two sides were measured within seconds."""
    return [_ratio(goal, median(_of_rounds(goal, results))) for goal in goals]


def _of_rounds(goal: Goal, results: Results) -> list[float]:
    above, below = (getattr(results[cell], goal.of) for cell in (goal.above, goal.below))
    return [over / under for over, under in zip(above, below, strict=True)]


def _ratio(goal: Goal, value: float) -> Ratio:
    met = value <= goal.bound if goal.sign == "<=" else value >= goal.bound
    return Ratio(goal.name, goal.above[1], round(value, 3), f"{goal.sign} {goal.bound}", met)


def goals_table(found: Sequence[Ratio], caption: str) -> Table:
    """The one table of a run."""
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
    """What each layer adds to the rest, as a share of the whole; None where nothing answers without it."""
    whole = results[FULL, ONE].value
    return {
        name: round((whole - results[name, ONE].value) / whole, 3) if (name, ONE) in results else None
        for name in layers
    }


def layers_table(costs: Mapping[str, float | None]) -> Table:
    """The cost of each layer."""
    table = Table("layer, outermost first", title=f"Share of the CPU of {ONE}", title_justify="left")
    table.add_column("share", justify="right")
    for name, share in costs.items():
        table.add_row(name, "needed" if share is None else f"{share:+.1%}")
    return table


def as_json(results: Results, **parts: Any) -> dict[str, Any]:
    """Everything that was measured, for scripts."""
    measured = [
        {"variant": variant, "workload": workload, "median_cpu_us": round(measurement.value, 1), **asdict(measurement)}
        for (variant, workload), measurement in results.items()
    ]
    return {**parts, "measurements": measured}
