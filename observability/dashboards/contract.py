"""5 Contract conformance: whether responses and requests match the frozen contracts."""

from typing import Final

from observability.dashboards.budgets import budget, burn
from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, HTTP_ROUTE, matching, rate, total
from observability.slo import CHECKED, CONTRACT_CONFORMANCE, REQUESTS

_VIOLATIONS: Final = rate("api_contract_violations_total", matching(ENVIRONMENT, API_VERSION, HTTP_ROUTE))
_REQUESTS: Final = total("api_version", rate(f"{REQUESTS}_count", matching(ENVIRONMENT, API_VERSION)))
_LINES: Final = 'event = "contract_violation"'


def _checked(direction: str, outcome: str = "") -> str:
    """PromQL: sampled requests or responses per second, by version."""
    also = f'direction="{direction}"' + (f',outcome="{outcome}"' if outcome else "")
    return total("api_version", rate(CHECKED, matching(ENVIRONMENT, API_VERSION, also=also)))


def _share(direction: str, outcome: str) -> str:
    """PromQL: the share of these with an outcome."""
    return f"{_checked(direction, outcome)} / ({_checked(direction)} > 0)"


BOARD: Final = Board(
    uid="strata-contract",
    title="5 Contract conformance",
    description="A sample of what is sent and answered, held against the frozen contract of its version.",
    variables=(ENVIRONMENT, API_VERSION, HTTP_ROUTE),
    rows=(
        Row(
            "The promise",
            (
                budget(CONTRACT_CONFORMANCE),
                burn(CONTRACT_CONFORMANCE, width=18),
                Panel(
                    title="Answers as promised",
                    description="Share of the sampled answers in which status, headers, media type and body conform.",
                    unit="percentunit",
                    queries=(Query(_share("response", "conforms"), "{{api_version}}"),),
                    maximum=1,
                    logs=_LINES,
                ),
                Panel(
                    title="Accepted although the contract forbids it",
                    description=(
                        "Share of the sampled requests that got a 2xx and are not what the contract allows. "
                        "Clients come to rely on that; it is no part of the objective, since clients cause it."
                    ),
                    unit="percentunit",
                    queries=(Query(_share("request", "violates"), "{{api_version}}"),),
                    maximum=1,
                    logs=_LINES,
                ),
            ),
        ),
        Row(
            "What was not as promised",
            (
                Panel(
                    title="Violations by rule",
                    description="Violations a second in the sample, by what was not as promised.",
                    unit="ops",
                    queries=(
                        Query(
                            total("api_version, direction, rule", _VIOLATIONS), "{{api_version}} {{direction}} {{rule}}"
                        ),
                    ),
                    stacked=True,
                    logs=_LINES,
                ),
                Panel(
                    title="Routes with the most violations",
                    description="The ten worst; the log lines name the operation, the pointer and the keyword.",
                    unit="ops",
                    kind="table",
                    queries=(Query(f"topk(10, {total('api_version, http_route, direction, rule', _VIOLATIONS)})"),),
                    logs=_LINES,
                ),
            ),
        ),
        Row(
            "How much is seen",
            (
                Panel(
                    title="Share of requests looked at",
                    description="Answers that were judged, of all; by default one in a hundred.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"{_checked('response')} / ({_REQUESTS} > 0)",
                            "{{api_version}}",
                        ),
                    ),
                ),
                Panel(
                    title="Sampled and not judged",
                    description="A second: too long for the limit, more than could be judged, or the judge failed.",
                    unit="ops",
                    queries=(
                        Query(total("reason", rate("api_contract_dropped_total", matching(ENVIRONMENT))), "{{reason}}"),
                    ),
                    stacked=True,
                    logs='event = "contract_audit_failed"',
                ),
            ),
        ),
    ),
)
