"""6 Rate limits: rejected requests by policy, and whether the counters are shared."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching, or_zero, rate, total
from observability.slo import REQUESTS

_DECISIONS: Final = rate("api_rate_limit_decisions_total", matching(ENVIRONMENT))
_REFUSED: Final = rate("api_rate_limit_decisions_total", matching(ENVIRONMENT, also='decision!="allowed"'))
_BY_POLICY: Final = total("policy", _DECISIONS)
_ANSWERS: Final = total("api_version, http_route", rate(f"{REQUESTS}_count", matching(ENVIRONMENT, API_VERSION)))
_TOO_MANY: Final = total(
    "api_version, http_route",
    rate(f"{REQUESTS}_count", matching(ENVIRONMENT, API_VERSION, also='http_response_status_code="429"')),
)

BOARD: Final = Board(
    uid="strata-limits",
    title="6 Rate limits",
    description="Decisions of each policy, the requests that were turned away, and the state of the counters.",
    variables=(ENVIRONMENT, API_VERSION),
    rows=(
        Row(
            "Decisions",
            (
                Panel(
                    title="Decisions by policy",
                    description="Decisions a second of each policy.",
                    unit="ops",
                    queries=(Query(total("policy, decision", _DECISIONS), "{{policy}} {{decision}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Refused",
                    description="Share of the decisions of a policy that were refusals.",
                    unit="percentunit",
                    queries=(
                        Query(f"({or_zero(total('policy', _REFUSED), _BY_POLICY)}) / ({_BY_POLICY} > 0)", "{{policy}}"),
                    ),
                    maximum=1,
                    logs="status = 429",
                    traces="span.http.response.status_code = 429",
                ),
                Panel(
                    title="Routes that answer 429",
                    description="The ten routes that turn most requests away, per second.",
                    unit="reqps",
                    kind="table",
                    queries=(Query(f"topk(10, {or_zero(_TOO_MANY, _ANSWERS)})"),),
                    logs="status = 429",
                    traces="span.http.response.status_code = 429",
                ),
                Panel(
                    title="Counting alone",
                    description="Above 0 while Redis does not answer and limits hold for each process by itself.",
                    unit="none",
                    queries=(
                        Query(f"max(api_rate_limit_fallback{{{matching(ENVIRONMENT)}}})", "fallback"),
                        Query(
                            "sum by (reason) (rate(api_rate_limit_fallbacks_total"
                            f"{{{matching(ENVIRONMENT)}}}[$__rate_interval]))",
                            "decided locally: {{reason}}",
                        ),
                    ),
                    steps=((0, "green"), (1, "red")),
                ),
            ),
        ),
    ),
)
