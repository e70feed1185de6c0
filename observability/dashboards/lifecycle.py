"""2 Version lifecycle: the clients that still use each version."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, CONSUMER, ENVIRONMENT, matching, rate, total
from observability.slo import REQUESTS

_CHOSEN: Final = matching(ENVIRONMENT, API_VERSION)
_ALL_TRAFFIC: Final = matching(ENVIRONMENT, also='api_version!="none"')
_DAYS_LEFT: Final = f"(api_version_sunset_timestamp_seconds{{{_CHOSEN}}} - time()) / 86400"
_BY: Final = "environment, api_version"
_CONSUMERS: Final = matching(ENVIRONMENT, API_VERSION, CONSUMER)
_LAST_DAY: Final = f"sum by ({_BY}, consumer) (increase(api_consumer_requests_total{{{_CONSUMERS}}}[1d])) > 0"
_DEPRECATED: Final = f'and on ({_BY}) (api_version_info{{status=~"deprecated|brownout"}} == 1)'

BOARD: Final = Board(
    uid="strata-lifecycle",
    title="2 Version lifecycle",
    description="Shares of traffic, dates, and the consumers that a sunset would hit.",
    variables=(ENVIRONMENT, API_VERSION, CONSUMER),
    rows=(
        Row(
            "Versions",
            (
                Panel(
                    title="Days to sunset",
                    description="Days until a deprecated version ends. Negative: it should have ended.",
                    unit="d",
                    kind="stat",
                    queries=(Query(_DAYS_LEFT, "{{api_version}}"),),
                    width=6,
                    minimum=None,
                    steps=((0, "red"), (30, "orange"), (90, "green")),
                ),
                Panel(
                    title="Consumers left on deprecated versions",
                    description="Consumers that sent requests in the last day; `other` is all beyond those named.",
                    unit="none",
                    kind="stat",
                    queries=(Query(f"count by ({_BY}) ({_LAST_DAY}) {_DEPRECATED}", "{{api_version}}"),),
                    width=6,
                    steps=((0, "green"), (1, "orange")),
                ),
                Panel(
                    title="Versions served",
                    description="Status and successor of each version, as the running servers say.",
                    unit="none",
                    kind="table",
                    queries=(Query(f"max by (api_version, status, successor) (api_version_info{{{_CHOSEN}}} == 1)"),),
                ),
                Panel(
                    title="Brownouts",
                    description="1 while a version answers 410 to rehearse its end.",
                    unit="none",
                    queries=(Query(f"max by ({_BY}) (api_version_browned_out{{{_CHOSEN}}})", "{{api_version}}"),),
                    width=12,
                    maximum=1,
                ),
                Panel(
                    title="Deprecated parts in use",
                    description="Requests a second that used an operation, parameter or member that is to go.",
                    unit="reqps",
                    queries=(
                        Query(
                            total("api_version, operation, feature", rate("api_deprecated_uses_total", _CHOSEN)),
                            "{{api_version}} {{operation}} {{feature}}",
                        ),
                    ),
                    width=12,
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Traffic",
            (
                Panel(
                    title="Share of traffic",
                    description="Which part of all versioned requests goes to each version.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"{total(_BY, rate(f'{REQUESTS}_count', _ALL_TRAFFIC))}\n"
                            "/ on (environment) group_left\n"
                            f"{total('environment', rate(f'{REQUESTS}_count', _ALL_TRAFFIC))}",
                            "{{api_version}}",
                        ),
                    ),
                    maximum=1,
                    stacked=True,
                ),
                Panel(
                    title="Requests to deprecated versions",
                    description="Requests a second to versions that have a successor, by the plan of the consumer.",
                    unit="reqps",
                    queries=(
                        Query(
                            total("api_version, consumer_tier", rate("api_deprecated_requests_total", _CHOSEN)),
                            "{{api_version}} {{consumer_tier}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    title="Who is left",
                    description="Requests of each consumer to deprecated versions in the last day: whom to write to.",
                    unit="short",
                    kind="table",
                    queries=(Query(f"topk(50, {_LAST_DAY}) {_DEPRECATED}"),),
                    width=24,
                    height=10,
                ),
            ),
        ),
    ),
)
