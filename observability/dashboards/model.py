"""The content of a dashboard, independent of Grafana's format."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["timeseries", "stat", "table", "heatmap"]
Step = tuple[float, str]
"""The lowest value and its colour."""


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL query and the legend of its series. With exemplars, dots link to single traces."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. Fields without a default are those that an engineer on call needs."""

    title: str
    description: str
    unit: str
    """A Grafana unit: ``reqps``, ``percentunit``, ``s``, ``bytes``, ``short`` ..."""
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 12
    height: int = 8
    stacked: bool = False
    minimum: float | None = 0
    maximum: float | None = None
    steps: tuple[Step, ...] = ()
    traces: str = ""
    """A TraceQL condition for the traces of this panel, in addition to the selected variables."""
    logs: str = ""
    """A LogQL pipeline for the lines of this panel, in addition to the selected variables."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A selection at the top of a dashboard: the values of ``label`` in the series of ``metric``."""

    name: str
    label: str
    metric: str
    attribute: str = ""
    """The span attribute with the same values."""
    field: str = ""
    """The log field with the same values."""

    @property
    def query(self) -> str:
        """Return Grafana's query for the values."""
        return f"label_values({self.metric}, {self.name})"


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]

    def panels(self) -> Iterator[Panel]:
        """Yield every panel, in reading order."""
        for row in self.rows:
            yield from row.panels
