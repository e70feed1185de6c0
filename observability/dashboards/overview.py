"""1 Overview: the health of every version at a glance."""

from typing import Final

from observability.dashboards.budgets import budget, burn
from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching, or_zero, quantile, rate, total
from observability.slo import AVAILABILITY, OF_REQUESTS, READ_LATENCY, REQUESTS

_CHOSEN: Final = matching(ENVIRONMENT, API_VERSION)
_VERSIONED: Final = matching(ENVIRONMENT, API_VERSION, also='api_version!="none"')
_BY_ROUTE: Final = "api_version, http_route"
_REQUESTS_BY_ROUTE: Final = total(_BY_ROUTE, rate(f"{REQUESTS}_count", _VERSIONED))
_ERRORS_BY_ROUTE: Final = total(_BY_ROUTE, rate(f"{REQUESTS}_count", f'{_VERSIONED},http_response_status_code=~"5.."'))
_CONSUMERS: Final = "api_consumer_requests_total"
_SECONDS_BY_CONSUMER: Final = total("consumer", rate("api_consumer_request_seconds_total", _CHOSEN))
_REQUESTS_BY_CONSUMER: Final = total("consumer", rate(_CONSUMERS, _CHOSEN))
_ERRORS_BY_CONSUMER: Final = total("consumer", rate(_CONSUMERS, f'{_CHOSEN},outcome="server_error"'))

BOARD: Final = Board(
    uid="strata-overview",
    title="1 Overview",
    description="Rate, errors and duration of each version, and what is left of its error budgets.",
    variables=(ENVIRONMENT, API_VERSION),
    rows=(
        Row(
            "Budgets",
            (
                *(budget(slo) for slo in OF_REQUESTS),
                Panel(
                    title="Alerts firing",
                    description="Alerts that fire now, tickets included. Alertmanager says which.",
                    unit="none",
                    kind="stat",
                    queries=(Query('count(ALERTS{alertstate="firing"}) or vector(0)', "alerts"),),
                    width=6,
                    height=5,
                    steps=((0, "green"), (1, "red")),
                ),
                Panel(
                    title="Servers that answer scrapes",
                    description="Share of the API's scrape targets that are up; below 1 at least one is down.",
                    unit="percentunit",
                    kind="stat",
                    queries=(Query(f'avg(up{{{matching(ENVIRONMENT)},job="strata"}})', "up"),),
                    width=6,
                    height=5,
                    maximum=1,
                    steps=((0, "red"), (1, "green")),
                ),
            ),
        ),
        Row(
            "Rate, errors, duration",
            (
                Panel(
                    title="Requests",
                    description="Requests a second by version, whatever became of them.",
                    unit="reqps",
                    queries=(Query(f"api_version:http_requests:rate5m{{{_CHOSEN}}}", "{{api_version}}"),),
                    width=8,
                ),
                Panel(
                    title="Server errors",
                    description="Share of requests answered with 500 or above, by version.",
                    unit="percentunit",
                    queries=(Query(f"api_version:http_request_error_ratio:rate5m{{{_CHOSEN}}}", "{{api_version}}"),),
                    width=8,
                    traces="status = error",
                    logs="status >= 500",
                ),
                Panel(
                    title="Duration",
                    description="The median, and what 95 and 99 of 100 requests stay below. A dot is one request.",
                    unit="s",
                    queries=(
                        Query(
                            quantile(0.99, "api_version", REQUESTS, _VERSIONED), "{{api_version}} p99", exemplars=True
                        ),
                        Query(quantile(0.95, "api_version", REQUESTS, _VERSIONED), "{{api_version}} p95"),
                        Query(quantile(0.5, "api_version", REQUESTS, _VERSIONED), "{{api_version}} p50"),
                    ),
                    width=8,
                    traces="duration > 250ms",
                    logs="duration_ms > 250",
                ),
                burn(AVAILABILITY),
                burn(READ_LATENCY),
            ),
        ),
        Row(
            "Which consumer",
            (
                Panel(
                    title="Consumers with the most server errors",
                    description=(
                        "The ten consumers that get 500 or above most often, per second, by the uid of key or user, "
                        "which links to the name."
                    ),
                    unit="reqps",
                    kind="table",
                    queries=(Query(f"topk(10, {or_zero(_ERRORS_BY_CONSUMER, _REQUESTS_BY_CONSUMER)})"),),
                    traces="status = error",
                    logs="status >= 500",
                ),
                Panel(
                    title="Consumers with the slowest requests",
                    description="The ten consumers whose requests take longest: seconds per request, mean.",
                    unit="s",
                    kind="table",
                    queries=(Query(f"topk(10, {_SECONDS_BY_CONSUMER} / ({_REQUESTS_BY_CONSUMER} > 0))"),),
                    traces="duration > 250ms",
                    logs="duration_ms > 250",
                ),
                Panel(
                    title="Consumers that occupy the servers",
                    description=(
                        "The ten consumers whose requests take most time in total: the mean number of their requests "
                        "in flight."
                    ),
                    unit="none",
                    queries=(Query(f"topk(10, {_SECONDS_BY_CONSUMER})", "{{consumer}}"),),
                    logs="duration_ms > 250",
                    traces="duration > 250ms",
                ),
                Panel(
                    title="Consumers with the most requests",
                    description="The ten consumers that send most requests, per second; one may be the whole load.",
                    unit="reqps",
                    queries=(Query(f"topk(10, {_REQUESTS_BY_CONSUMER})", "{{consumer}}"),),
                    logs="duration_ms > 250",
                    traces="duration > 250ms",
                ),
            ),
        ),
        Row(
            "Which route",
            (
                Panel(
                    title="Slowest routes",
                    description="The ten routes with the highest 95th percentile.",
                    unit="s",
                    kind="table",
                    queries=(Query(f"topk(10, {quantile(0.95, _BY_ROUTE, REQUESTS, _VERSIONED)})"),),
                    traces="duration > 250ms",
                    logs="duration_ms > 250",
                ),
                Panel(
                    title="Routes with the most server errors",
                    description="The ten routes that answer most often with 500 or above, per second.",
                    unit="reqps",
                    kind="table",
                    queries=(Query(f"topk(10, {or_zero(_ERRORS_BY_ROUTE, _REQUESTS_BY_ROUTE)})"),),
                    traces="status = error",
                    logs="status >= 500",
                ),
            ),
        ),
    ),
)
