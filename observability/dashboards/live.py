"""9 Live connections: open streams and WebSockets, rejected ones, and what they send."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import ENVIRONMENT, matching, quantile, rate, total

_CHOSEN: Final = matching(ENVIRONMENT)
_LAG: Final = "realtime_lag_seconds"

BOARD: Final = Board(
    uid="strata-live",
    title="9 Live connections",
    description="Streams of server-sent events, and WebSockets. For the other dashboards, their requests end at the "
    "first byte.",
    variables=(ENVIRONMENT,),
    rows=(
        Row(
            "Connections",
            (
                Panel(
                    title="Open connections",
                    description="By version and kind.",
                    unit="none",
                    queries=(
                        Query(
                            f"sum by (api_version, channel) (realtime_connections{{{_CHOSEN}}})",
                            "{{api_version}} {{channel}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    title="Places in use",
                    description="Open connections in proportion to those that all processes accept.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"sum(realtime_connections{{{_CHOSEN}}}) / sum(realtime_connections_limit{{{_CHOSEN}}})",
                            "in use",
                        ),
                    ),
                    steps=((0, "green"), (0.8, "red")),
                ),
                Panel(
                    title="Rejected connections",
                    description="A second, by the limit: of the process, of the caller, or the process was stopping.",
                    unit="ops",
                    queries=(Query(total("limit", rate("realtime_rejected_connections_total", _CHOSEN)), "{{limit}}"),),
                ),
            ),
        ),
        Row(
            "Events",
            (
                Panel(
                    title="Messages",
                    description="Messages of streams a second, over all clients.",
                    unit="ops",
                    queries=(Query(total("api_version", rate("realtime_messages_total", _CHOSEN)), "{{api_version}}"),),
                ),
                Panel(
                    title="Delay of events",
                    description="From an event until a process offers it to its streams, while it has any.",
                    unit="s",
                    queries=(
                        Query(quantile(0.5, "", _LAG, _CHOSEN), "p50"),
                        Query(quantile(0.99, "", _LAG, _CHOSEN), "p99"),
                    ),
                    steps=((0, "green"), (1, "red")),
                    logs='event=~"events_not_streamed|stream_failed|websocket_failed"',
                ),
                Panel(
                    title="Not rendered",
                    description="Events and messages that a version could not write, and skipped, a second. Each "
                    "counts once in each process, deliveries of webhooks too.",
                    unit="ops",
                    queries=(Query(total("api_version", rate("render_failures_total", _CHOSEN)), "{{api_version}}"),),
                    logs='event="not_rendered"',
                ),
                Panel(
                    title="Resets",
                    description="Clients that were told to read again, a second: they read too slowly, or continued "
                    "after an event that is deleted.",
                    unit="ops",
                    queries=(Query(total("reason", rate("realtime_resets_total", _CHOSEN)), "{{reason}}"),),
                ),
            ),
        ),
    ),
)
