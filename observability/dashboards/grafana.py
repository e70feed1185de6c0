"""Converts a dashboard to the form that Grafana loads, with grafana-foundation-sdk."""

import re
from itertools import count
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from observability.dashboards.links import PROMETHEUS, consumer_name_url, consumer_url, logs_url, traces_url
from observability.dashboards.model import Board, Panel, Query, Step, Variable

TAG: Final = "strata"
ALL: Final = ".*"
"""The value of a variable while nothing is selected."""
_SOURCE: Final = DataSourceRef(type_val="prometheus", uid=PROMETHEUS)
_COLUMNS: Final = 24

_BY_CONSUMER: Final = re.compile(r"\bby \([^)]*\bconsumer\b")
"""A grouping that keeps the consumer, so that a table has a column with it."""

_DASHBOARD_OF_CONSUMER: Final = "Dashboard of this consumer"
_NAME_OF_CONSUMER: Final = "Name of this consumer"
"""Its link opens a new tab: Grafana would resolve a path in the same tab to a page of its own."""

Visual = timeseries.Panel | stat.Panel | table.Panel | heatmap.Panel


def build(board: Board) -> Dashboard:
    """Build the whole dashboard. The output is deterministic."""
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Strata")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )
    for variable in board.variables:
        builder.with_variable(_variable(variable))
    numbers = count(1)
    for row in board.rows:
        builder.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            builder.with_panel(_panel(panel, board.variables, next(numbers)))
    return builder.build()


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(_SOURCE)
        .query({"query": variable.query, "refId": variable.name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def _panel(panel: Panel, variables: tuple[Variable, ...], number: int) -> Visual:
    if not 0 < panel.width <= _COLUMNS:
        message = f"{panel.title}: a width is 1 to {_COLUMNS} columns"
        raise ValueError(message)
    visual = _visual(panel)
    visual.id(number).title(panel.title).description(panel.description).datasource(_SOURCE)
    visual.unit(panel.unit).span(panel.width).height(panel.height)
    if panel.minimum is not None:
        visual.min(panel.minimum)
    if panel.maximum is not None:
        visual.max(panel.maximum)
    if panel.steps:
        visual.thresholds(_thresholds(panel.steps))
    addresses = {"Traces": traces_url(panel, variables), "Logs": logs_url(panel, variables)}
    visual.links(
        [
            dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)
            for title, url in addresses.items()
        ]
    )
    _link_consumers(visual, panel)
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        visual.with_target(_target(panel, query, letter))
    return visual


def _link_consumers(visual: Visual, panel: Panel) -> None:
    """Link each consumer to its own dashboard and to its name."""
    if isinstance(visual, table.Panel) and any(_BY_CONSUMER.search(query.expr) for query in panel.queries):
        own, name = consumer_url("__value.raw"), consumer_name_url("__value.raw")
        links = [
            {"title": _DASHBOARD_OF_CONSUMER, "url": own},
            {"title": _NAME_OF_CONSUMER, "url": name, "targetBlank": True},
        ]
        visual.override_by_name("consumer", [DynamicConfigValue(id_val="links", value=links)])
    if isinstance(visual, timeseries.Panel) and any("{{consumer}}" in query.legend for query in panel.queries):
        own, name = consumer_url("__field.labels.consumer"), consumer_name_url("__field.labels.consumer")
        visual.data_links(
            [
                dashboard.DashboardLink(_DASHBOARD_OF_CONSUMER).url(own),
                dashboard.DashboardLink(_NAME_OF_CONSUMER).url(name).target_blank(True),
            ]
        )


def _visual(panel: Panel) -> Visual:
    match panel.kind:
        case "timeseries":
            return _timeseries(panel)
        case "stat":
            return (
                stat.Panel()
                .color_mode(BigValueColorMode.VALUE)
                .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
            )
        case "table":
            return table.Panel().with_transformation(_without_time()).sort_by([_largest_first()])
        case "heatmap":
            return (
                heatmap.Panel()
                .calculate(False)
                .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
                .y_axis(heatmap.YAxisConfig().unit(panel.unit))
                .exemplars_color("rgba(255,0,255,0.7)")
                .show_legend()
            )


def _timeseries(panel: Panel) -> timeseries.Panel:
    visual = (
        timeseries.Panel()
        .fill_opacity(40 if panel.stacked else 8)
        .line_width(1)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if panel.steps:
        visual.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.LINE))
    return visual.stacking(common.StackingConfig().mode(StackingMode.NORMAL)) if panel.stacked else visual


def _target(panel: Panel, query: Query, letter: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(letter).exemplar(query.exemplars).datasource(_SOURCE)
    target.legend_format(query.legend or "__auto")
    if panel.kind in {"table", "stat"}:
        target.instant()
    else:
        target.range()
    formats = {"table": PromQueryFormat.TABLE, "heatmap": PromQueryFormat.HEATMAP}
    return target.format(formats.get(panel.kind, PromQueryFormat.TIME_SERIES))


def _thresholds(steps: tuple[Step, ...]) -> dashboard.ThresholdsConfig:
    first = Threshold(value=None, color=steps[0][1])
    rest = [Threshold(value=value, color=color) for value, color in steps[1:]]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([first, *rest])


def _without_time() -> DataTransformerConfig:
    options: dict[str, Any] = {"excludeByName": {"Time": True}}
    return DataTransformerConfig(id_val="organize", options=options)


def _largest_first() -> common.TableSortByFieldState:
    return common.TableSortByFieldState().display_name("Value").desc(True)
