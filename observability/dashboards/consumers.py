"""3 Consumers: requests and results by consumer."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, CONSUMER, ENVIRONMENT, matching, or_zero, rate, total

_REQUESTS: Final = rate("api_consumer_requests_total", matching(ENVIRONMENT, API_VERSION, CONSUMER))
_UNSUCCESSFUL: Final = rate(
    "api_consumer_requests_total", matching(ENVIRONMENT, API_VERSION, CONSUMER, also='outcome!="success"')
)
_BY_CONSUMER: Final = total("consumer", _REQUESTS)

BOARD: Final = Board(
    uid="strata-consumers",
    title="3 Consumers",
    description=(
        "The consumers with the most requests by the uid of key or user; all others together are `other`. "
        "A uid links to the name; `strata top --consumers` shows all names."
    ),
    variables=(ENVIRONMENT, API_VERSION, CONSUMER),
    rows=(
        Row(
            "Traffic",
            (
                Panel(
                    title="Requests by consumer",
                    description="Requests a second of the twenty busiest consumers.",
                    unit="reqps",
                    queries=(Query(f"topk(20, {_BY_CONSUMER})", "{{consumer}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Requests by outcome",
                    description="Requests a second, by what became of them.",
                    unit="reqps",
                    queries=(Query(total("outcome", _REQUESTS), "{{outcome}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Share of the busiest consumer",
                    description="Which part of all requests one consumer sends; near 1, one client is the load.",
                    unit="percentunit",
                    queries=(Query(f"max({_BY_CONSUMER}) / sum({_REQUESTS})", "busiest"),),
                    maximum=1,
                ),
                Panel(
                    title="Unsuccessful requests by consumer",
                    description="Share of a consumer's requests that were refused or failed.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"topk(20, ({or_zero(total('consumer', _UNSUCCESSFUL), _BY_CONSUMER)})"
                            f" / ({_BY_CONSUMER} > 0))",
                            "{{consumer}}",
                        ),
                    ),
                    maximum=1,
                    logs="status >= 400",
                ),
            ),
        ),
        Row(
            "One by one",
            (
                Panel(
                    title="Consumers and versions",
                    description="Requests a second of each consumer to each version, with their outcome.",
                    unit="reqps",
                    kind="table",
                    queries=(Query(f"topk(100, {total('consumer, api_version, outcome', _REQUESTS)})"),),
                    width=24,
                    height=12,
                ),
                Panel(
                    title="Requests missing from the usage",
                    description=(
                        "Requests a second that `GET /usage` and `strata usage` do not count, "
                        "because a process had too many keys in memory. It should be 0."
                    ),
                    unit="reqps",
                    queries=(
                        Query(f"sum({rate('api_version_usage_dropped_total', matching(ENVIRONMENT))})", "missing"),
                    ),
                ),
            ),
        ),
    ),
)
