"""9 Realtime: streams and WebSockets, and what their clients missed."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import ENVIRONMENT, matching, rate, total

_CHOSEN: Final = matching(ENVIRONMENT)
_ENDED: Final = rate("http_server_websockets_total", _CHOSEN)

BOARD: Final = Board(
    uid="strata-realtime",
    title="9 Realtime",
    description="Streams and WebSockets: how many are open, how they end, and what their clients missed.",
    variables=(ENVIRONMENT,),
    rows=(
        Row(
            "Connections",
            (
                Panel(
                    title="Open connections",
                    description="Streams and WebSockets that are open, by version and channel.",
                    unit="none",
                    queries=(
                        Query(
                            f"sum by (api_version, channel) (realtime_connections{{{_CHOSEN}}})",
                            "{{api_version}} {{channel}}",
                        ),
                    ),
                ),
                Panel(
                    title="Share of the places in use",
                    description="Open connections relative to what all processes together accept; at 1, further ones "
                    "get 503.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"sum(realtime_connections{{{_CHOSEN}}}) / sum(realtime_connections_limit{{{_CHOSEN}}})",
                            "in use",
                        ),
                    ),
                    maximum=1,
                    steps=((0, "green"), (0.8, "red")),
                ),
                Panel(
                    title="Rejected at a limit",
                    description="Connections a second that were rejected: `process` is 503, `caller` is 429.",
                    unit="ops",
                    queries=(Query(total("limit", rate("realtime_rejected_connections_total", _CHOSEN)), "{{limit}}"),),
                ),
                Panel(
                    title="WebSockets that ended",
                    description="WebSockets that ended each second, by route and by the status of their handshake; "
                    "101 was accepted.",
                    unit="ops",
                    queries=(
                        Query(
                            total("http_route, http_response_status_code", _ENDED),
                            "{{http_route}} {{http_response_status_code}}",
                        ),
                    ),
                    logs='event="websocket"',
                ),
            ),
        ),
        Row(
            "Messages",
            (
                Panel(
                    title="Messages not delivered",
                    description="`slow_client`: connections that lost their place, since their client reads too "
                    "slowly; `rate`: messages of clients that were ignored above the limit.",
                    unit="ops",
                    queries=(Query(total("reason", rate("realtime_dropped_total", _CHOSEN)), "{{reason}}"),),
                    steps=((0, "green"), (1, "red")),
                ),
            ),
        ),
    ),
)
