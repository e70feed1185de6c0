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
        Row(
            "Evidence of usage",
            (
                Panel(
                    title="Samples",
                    description=(
                        "Requests a second that are summarised for `strata usage export`: the first ones of each "
                        "consumer, operation and hour, and the random ones, which support absence."
                    ),
                    unit="reqps",
                    queries=(
                        Query(
                            total("stratum", rate("api_usage_evidence_samples_total", matching(ENVIRONMENT))),
                            "{{stratum}}",
                        ),
                    ),
                ),
                Panel(
                    title="Samples missing from the evidence",
                    description=(
                        "Sampled requests a second that were not summarised or not stored, by reason. `capped` and "
                        "`queue_full`: raise `STRATA_USAGE__MAX_SAMPLES_PER_SECOND` or `STRATA_USAGE__MAX_WAITING`; "
                        "`no_room`: `STRATA_USAGE__MAX_ROWS_PER_DAY`."
                    ),
                    unit="reqps",
                    queries=(
                        Query(
                            total("reason", rate("api_usage_evidence_dropped_total", matching(ENVIRONMENT))),
                            "{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    title="Lag of the evidence",
                    description=(
                        "Age of the oldest evidence that a flush left in memory: 0, or the database rejects flushes. "
                        "A process that is killed loses it."
                    ),
                    unit="s",
                    queries=(Query(f"max(api_usage_evidence_lag_seconds{{{matching(ENVIRONMENT)}}})", "lag"),),
                ),
            ),
        ),
    ),
)
