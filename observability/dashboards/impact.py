"""14 Who would break: the consumers left on versions that end, and the health of the evidence that names them."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching, rate, total
from observability.slo import RESULTS

_CHOSEN: Final = matching(ENVIRONMENT, API_VERSION)
_EVERYWHERE: Final = matching(ENVIRONMENT)
_BY: Final = "environment, api_version"
_DEPRECATED: Final = f'and on ({_BY}) (api_version_info{{status=~"deprecated|brownout"}} == 1)'
_DAYS_LEFT: Final = f"(api_version_sunset_timestamp_seconds{{{_CHOSEN}}} - time()) / 86400"
_SAMPLES: Final = "api_usage_evidence_samples_total"
_WRITTEN: Final = f"api_usage_evidence_written_timestamp{{{_EVERYWHERE}}}"


def _by_plan(metric: str) -> str:
    """PromQL: the numbers of each plan. All processes expose the same ones."""
    return f"max by ({_BY}, plan) ({metric}{{{_CHOSEN}}}) {_DEPRECATED}"


BOARD: Final = Board(
    uid="strata-impact",
    title="14 Who would break",
    description="The consumers that the end of a version would break, and the health of the evidence from which "
    "`strata impact` names them.",
    variables=(ENVIRONMENT, API_VERSION),
    rows=(
        Row(
            "Versions that end",
            (
                Panel(
                    title="Days left",
                    description="Days until a deprecated version ends. Negative: it should have ended.",
                    unit="d",
                    kind="stat",
                    queries=(Query(f"max by ({_BY}) ({_DAYS_LEFT})", "{{api_version}}"),),
                    width=6,
                    minimum=None,
                    steps=((0, "red"), (30, "orange"), (90, "green")),
                ),
                Panel(
                    title="Expected breakages at the sunset",
                    description="Consumers that would break if the version ended now: with an accepted request in the "
                    "last 7 days, or events of this version. `strata impact --retire VERSION` names them.",
                    unit="none",
                    kind="stat",
                    queries=(
                        Query(
                            f"sum by ({_BY}) ({_by_plan('api_version_expected_breakages')})",
                            "{{api_version}}",
                        ),
                    ),
                    width=6,
                    steps=((0, "green"), (1, "red")),
                ),
                Panel(
                    title="Age of the numbers",
                    description="For how long nobody has counted the consumers. A worker does so every 10 minutes.",
                    unit="s",
                    kind="stat",
                    queries=(
                        Query(
                            f"time() - (max(api_version_consumers_counted_timestamp{{{_EVERYWHERE}}}) > 0)",
                            "age",
                        ),
                    ),
                    steps=((0, "green"), (1800, "red")),
                ),
                Panel(
                    title="Consumers left by plan",
                    description="Consumers of deprecated versions: with an accepted request in the last 30 days, or "
                    "events of this version. Without revoked keys.",
                    unit="none",
                    queries=(Query(_by_plan("api_version_consumers"), "{{api_version}} {{plan}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Expected breakages by plan",
                    description="Those of them that would break if the version ended now. It falls as they move.",
                    unit="none",
                    queries=(Query(_by_plan("api_version_expected_breakages"), "{{api_version}} {{plan}}"),),
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Evidence",
            (
                Panel(
                    title="Samples",
                    description="Requests that are summarised, a second: the first ones of a consumer and hour, and "
                    "random ones, which alone support that something is not used.",
                    unit="ops",
                    queries=(Query(total("stratum", rate(_SAMPLES, _EVERYWHERE)), "{{stratum}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Share of requests that are summarised",
                    description="1 % and the first 20 of each consumer, operation and hour at the defaults.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"sum({rate(_SAMPLES, _EVERYWHERE)}) / sum({rate(RESULTS, _EVERYWHERE)})",
                            "summarised",
                        ),
                    ),
                ),
                Panel(
                    title="Samples that are lost",
                    description="A second, by reason. `capped` is the limit of samples; `too_large` and `unreadable` "
                    "depend on the requests; the others are failures.",
                    unit="ops",
                    queries=(
                        Query(total("reason", rate("api_usage_evidence_dropped_total", _EVERYWHERE)), "{{reason}}"),
                        Query(f"sum({rate('api_version_usage_dropped_total', _EVERYWHERE)})", "requests not counted"),
                    ),
                    logs='event=~"usage_evidence_failed|usage_evidence_not_written|usage_not_written"',
                ),
                Panel(
                    title="Requests that wait to be summarised",
                    description="Sampled requests in the queues of all processes.",
                    unit="none",
                    queries=(Query(f"sum(api_usage_evidence_waiting{{{_EVERYWHERE}}})", "waiting"),),
                ),
                Panel(
                    title="Age of the evidence that is not written",
                    description="Since the oldest summary that is not in the database. Processes write every 10 s.",
                    unit="s",
                    queries=(Query(f"max(api_usage_evidence_lag_seconds{{{_EVERYWHERE}}})", "age"),),
                    steps=((0, "green"), (60, "red")),
                    logs='event="usage_evidence_not_written"',
                ),
                Panel(
                    title="Since the last flush",
                    description="How long ago the slowest process last succeeded in writing its evidence.",
                    unit="s",
                    queries=(Query(f"time() - (min({_WRITTEN}) > 0)", "last flush"),),
                    steps=((0, "green"), (60, "red")),
                ),
            ),
        ),
    ),
)
