"""4 Endpoint: durations, statuses and database time of one route."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import (
    API_VERSION,
    ENVIRONMENT,
    HTTP_ROUTE,
    matching,
    quantile,
    rate,
    total,
)
from observability.slo import REQUESTS

_CHOSEN: Final = matching(ENVIRONMENT, API_VERSION, HTTP_ROUTE)
_EVERYWHERE: Final = matching(ENVIRONMENT)
_VERSIONED: Final = matching(ENVIRONMENT, also='api_version!="none"')

BOARD: Final = Board(
    uid="strata-endpoint",
    title="4 Endpoint",
    description="Choose a version and a route; a dot on the heat map is one request and leads to its trace.",
    variables=(ENVIRONMENT, API_VERSION, HTTP_ROUTE),
    rows=(
        Row(
            "Requests",
            (
                Panel(
                    title="Durations",
                    description="How many requests took how long. Two bands: look at a trace of each.",
                    unit="s",
                    kind="heatmap",
                    queries=(Query(total("le", rate(f"{REQUESTS}_bucket", _CHOSEN)), "{{le}}", exemplars=True),),
                    width=24,
                    height=10,
                ),
                Panel(
                    title="Statuses",
                    description="Answers a second by status code.",
                    unit="reqps",
                    queries=(
                        Query(
                            total("http_response_status_code", rate(f"{REQUESTS}_count", _CHOSEN)),
                            "{{http_response_status_code}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    title="Methods and routes",
                    description="Requests a second of the twenty busiest operations.",
                    unit="reqps",
                    queries=(
                        Query(
                            f"topk(20, {total('http_request_method, http_route', rate(f'{REQUESTS}_count', _CHOSEN))})",
                            "{{http_request_method}} {{http_route}}",
                        ),
                    ),
                ),
                Panel(
                    title="Duration",
                    description="The median, and what 95 and 99 of 100 requests stay below.",
                    unit="s",
                    queries=(
                        Query(quantile(0.99, "", REQUESTS, _CHOSEN), "p99", exemplars=True),
                        Query(quantile(0.95, "", REQUESTS, _CHOSEN), "p95"),
                        Query(quantile(0.5, "", REQUESTS, _CHOSEN), "p50"),
                    ),
                    traces="duration > 250ms",
                    logs="duration_ms > 250",
                ),
                Panel(
                    title="Replayed answers",
                    description="Requests answered from a stored response because their Idempotency-Key was known.",
                    unit="reqps",
                    queries=(
                        Query(
                            total("api_version, http_route", rate("api_idempotent_replays_total", _CHOSEN)),
                            "{{api_version}} {{http_route}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Database (all routes)",
            (
                Panel(
                    title="Time in the database per request",
                    description="Seconds of statements a request; compare with the duration above.",
                    unit="s",
                    queries=(
                        Query(
                            f"sum({rate('db_query_duration_seconds_sum', _EVERYWHERE)})"
                            f" / sum({rate(f'{REQUESTS}_count', _VERSIONED)})",
                            "per request",
                        ),
                    ),
                ),
                Panel(
                    title="Statements by operation",
                    description="What 95 of 100 statements stay below, by operation.",
                    unit="s",
                    queries=(
                        Query(
                            quantile(0.95, "operation", "db_query_duration_seconds", _EVERYWHERE),
                            "{{operation}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
