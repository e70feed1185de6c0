"""The panels of a service level objective, which several dashboards share."""

from typing import Final

from observability.dashboards.model import Panel, Query
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching
from observability.slo import Objective

_CHOSEN: Final = matching(ENVIRONMENT, API_VERSION)


def budget(slo: Objective) -> Panel:
    """Build the panel of the remaining budget, for each version."""
    return Panel(
        title=f"Budget left: {slo.name.replace('_', ' ')}",
        description=(
            f"Objective: {slo.target * 100:g} % of {slo.title}, over 30 days and for each version. "
            "1 is an untouched budget, below 0 the objective is missed."
        ),
        unit="percentunit",
        kind="stat",
        queries=(Query(f'slo:error_budget_remaining:ratio{{{_CHOSEN},slo="{slo.name}"}}', "{{api_version}}"),),
        width=6,
        height=5,
        minimum=None,
        maximum=1,
        steps=((0, "red"), (0.1, "orange"), (0.5, "green")),
    )


def burn(slo: Objective, width: int = 12) -> Panel:
    """Build the panel of the burn rate, for each version."""
    chosen = f'{_CHOSEN},slo="{slo.name}"'
    return Panel(
        title=f"Burn rate: {slo.name.replace('_', ' ')}",
        description=(
            "How many times too fast the budget is spent: 1 uses it up in exactly 30 days. "
            "A page is sent above 14.4 over an hour or above 6 over six."
        ),
        unit="none",
        queries=(
            Query(f"slo:error_ratio:rate1h{{{chosen}}} / {slo.budget:g}", "{{api_version}} 1h"),
            Query(f"slo:error_ratio:rate6h{{{chosen}}} / {slo.budget:g}", "{{api_version}} 6h"),
        ),
        steps=((0, "green"), (6, "orange"), (14.4, "red")),
        width=width,
    )
