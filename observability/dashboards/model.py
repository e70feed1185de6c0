"""What a dashboard says, apart from how Grafana writes it down."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["timeseries", "stat", "table", "heatmap"]
Step = tuple[float, str]
"""From this value on, this colour."""


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how its series are called. With exemplars, dots lead to single traces."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture. Nothing here is optional that a person at three in the morning would miss."""

    title: str
    description: str
    unit: str
    """A unit of Grafana: ``reqps``, ``percentunit``, ``s``, ``bytes``, ``short`` ..."""
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 12
    height: int = 8
    stacked: bool = False
    minimum: float | None = 0
    maximum: float | None = None
    steps: tuple[Step, ...] = ()
    traces: str = ""
    """A TraceQL condition that the traces behind this panel meet, beside the chosen variables."""
    logs: str = ""
    """A LogQL pipeline that the lines behind this panel pass, beside the chosen variables."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: the values of ``label`` among the series of ``metric``."""

    name: str
    label: str
    metric: str
    attribute: str = ""
    """The span attribute with the same values."""
    field: str = ""
    """The log field with the same values."""

    @property
    def query(self) -> str:
        """What Grafana asks for the values."""
        return f"label_values({self.metric}, {self.name})"


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a headline."""

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
        """Every panel, in reading order."""
        for row in self.rows:
            yield from row.panels
