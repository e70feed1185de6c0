"""The panels of a service level objective, which several dashboards share."""

from observability.dashboards.model import Panel, Query
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching
from observability.slo import Objective


def _chosen(slo: Objective) -> str:
    variables = (ENVIRONMENT, API_VERSION) if slo.by == API_VERSION.name else (ENVIRONMENT,)
    return matching(*variables, also=f'slo="{slo.name}"')


def budget(slo: Objective) -> Panel:
    """Build the panel of the remaining budget, for each version or kind."""
    return Panel(
        title=f"Budget left: {slo.name.replace('_', ' ')}",
        description=(
            f"Objective: {slo.target * 100:g} % of {slo.title}, "
            f"over 30 days and for each {slo.by.removeprefix('api_')}. "
            "1 is an untouched budget, below 0 the objective is missed."
        ),
        unit="percentunit",
        kind="stat",
        queries=(Query(f"slo:error_budget_remaining:ratio{{{_chosen(slo)}}}", f"{{{{{slo.by}}}}}"),),
        width=6,
        height=5,
        minimum=None,
        maximum=1,
        steps=((0, "red"), (0.1, "orange"), (0.5, "green")),
    )


def burn(slo: Objective, width: int = 12) -> Panel:
    """Build the panel of the burn rate, for each version."""
    chosen = _chosen(slo)
    return Panel(
        title=f"Burn rate: {slo.name.replace('_', ' ')}",
        description=(
            "How many times too fast the budget is spent: 1 uses it up in exactly 30 days. "
            "A page is sent above 14.4 over an hour or above 6 over six."
        ),
        unit="none",
        queries=(
            Query(f"slo:error_ratio:rate1h{{{chosen}}} / {slo.budget:g}", f"{{{{{slo.by}}}}} 1h"),
            Query(f"slo:error_ratio:rate6h{{{chosen}}} / {slo.budget:g}", f"{{{{{slo.by}}}}} 6h"),
        ),
        steps=((0, "green"), (6, "orange"), (14.4, "red")),
        width=width,
    )
