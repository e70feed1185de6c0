"""10 Saturation: the resources that run out first, and the health of the telemetry itself."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import ENVIRONMENT, matching, quantile, rate, total

_CHOSEN: Final = matching(ENVIRONMENT)
_SERVERS: Final = matching(ENVIRONMENT, also='job="strata"')

_SHED: Final = "http_server_shed_requests_total"

BOARD: Final = Board(
    uid="strata-saturation",
    title="10 Saturation",
    description="Event loop, database pools, processor, memory, response cache, and the pipeline of traces.",
    variables=(ENVIRONMENT,),
    rows=(
        Row(
            "Event loop and database",
            (
                Panel(
                    title="Event loop lag",
                    description="How late a callback runs that was due: the time somebody else held the loop.",
                    unit="s",
                    queries=(
                        Query(quantile(0.99, "", "event_loop_lag_seconds", _CHOSEN), "p99"),
                        Query(quantile(0.5, "", "event_loop_lag_seconds", _CHOSEN), "p50"),
                    ),
                    steps=((0, "green"), (0.1, "red")),
                ),
                Panel(
                    title="Requests in flight",
                    description="Requests that are being answered, by version.",
                    unit="none",
                    queries=(
                        Query(f"sum by (api_version) (http_server_active_requests{{{_CHOSEN}}})", "{{api_version}}"),
                    ),
                ),
                Panel(
                    title="Requests sent away",
                    description="Requests a second that got a 503, since a process was answering all it may at once.",
                    unit="reqps",
                    queries=(
                        Query(
                            total("api_version", rate("http_server_shed_requests_total", _CHOSEN)), "{{api_version}}"
                        ),
                    ),
                    steps=((0, "green"), (0.001, "red")),
                ),
                Panel(
                    title="Connections of clients",
                    description="Open connections of all processes; at the limit of a process, idle ones are closed.",
                    unit="none",
                    queries=(Query(f"sum(http_server_open_connections{{{_CHOSEN}}})", "open"),),
                ),
                Panel(
                    title="Connections rejected",
                    description=(
                        "Connections a second that were closed before a request was complete, by reason: "
                        "`head_too_large` is 431, `malformed` and `framing_too_large` 400, `head_timeout` 408, "
                        "`too_many_connections` 503; the others get no response. No other panel counts them."
                    ),
                    unit="ops",
                    queries=(
                        Query(total("reason", rate("http_server_rejected_connections_total", _CHOSEN)), "{{reason}}"),
                    ),
                    logs='event="connection_rejected"',
                ),
                Panel(
                    title="WebSockets that ended",
                    description="WebSockets that ended each second, by version and by the status of their handshake; "
                    "101 was accepted.",
                    unit="ops",
                    queries=(
                        Query(
                            total(
                                "api_version, http_response_status_code",
                                rate("http_server_websockets_total", _CHOSEN),
                            ),
                            "{{api_version}} {{http_response_status_code}}",
                        ),
                    ),
                    logs='event="websocket"',
                ),
                Panel(
                    title="Connections in use",
                    description="Connections of each pool that are lent to a request now.",
                    unit="none",
                    queries=(Query(f"sum by (pool) (db_pool_in_use{{{_CHOSEN}}})", "{{pool}}"),),
                ),
                Panel(
                    title="Waiting for a connection",
                    description="What 99 of 100 requests wait at most for a connection, by pool.",
                    unit="s",
                    queries=(Query(quantile(0.99, "pool", "db_pool_wait_seconds", _CHOSEN), "{{pool}}"),),
                    steps=((0, "green"), (0.25, "red")),
                ),
            ),
        ),
        Row(
            "Processes",
            (
                Panel(
                    title="Processor",
                    description="Cores that each server uses, all of its worker processes together.",
                    unit="none",
                    queries=(Query(total("instance", rate("process_cpu_seconds_total", _SERVERS)), "{{instance}}"),),
                    width=8,
                ),
                Panel(
                    title="Memory",
                    description="Resident memory of each server, all of its worker processes together.",
                    unit="bytes",
                    queries=(
                        Query(f"sum by (instance) (process_resident_memory_bytes{{{_SERVERS}}})", "{{instance}}"),
                    ),
                    width=8,
                ),
                Panel(
                    title="Open files",
                    description="Open file descriptors of each server: sockets, mostly.",
                    unit="none",
                    queries=(Query(f"sum by (instance) (process_open_fds{{{_SERVERS}}})", "{{instance}}"),),
                    width=8,
                ),
            ),
        ),
        Row(
            "Jobs and processes",
            (
                Panel(
                    title="Age of the queue",
                    description="For how long the oldest job that is due has been waiting, by kind.",
                    unit="s",
                    queries=(Query(f"max by (kind) (job_queue_oldest_seconds{{{_CHOSEN}}})", "{{kind}}"),),
                    steps=((0, "green"), (60, "red")),
                ),
                Panel(
                    title="Jobs that wait",
                    description="The length of the queue, by kind. The API processes read it.",
                    unit="none",
                    queries=(Query(f"max by (kind) (job_queue_depth{{{_CHOSEN}}})", "{{kind}}"),),
                ),
                Panel(
                    title="Workers",
                    description="Workers that polled the queue within the last 15 seconds.",
                    unit="none",
                    queries=(Query(f"max(job_workers{{{_CHOSEN}}})", "workers"),),
                    width=6,
                    steps=((0, "red"), (1, "green")),
                ),
                Panel(
                    title="Restarts",
                    description="Restarts of crashed processes since the home was created.",
                    unit="none",
                    queries=(Query(f"max by (process) (process_restarts{{{_CHOSEN}}})", "{{process}}"),),
                    width=6,
                ),
                Panel(
                    title="Releases",
                    description="The release that each process runs; two during an upgrade.",
                    unit="none",
                    kind="table",
                    queries=(Query(f"max by (job, instance, version) (strata_build_info{{{_CHOSEN}}})"),),
                ),
            ),
        ),
        Row(
            "Response cache",
            (
                Panel(
                    title="Look-ups of responses",
                    description="Anonymous lists and searches a second, by outcome. Collapsed ones waited for an equal "
                    "request. All are 0 without a cache.",
                    unit="ops",
                    queries=(Query(total("outcome", rate("response_cache_lookups_total", _CHOSEN)), "{{outcome}}"),),
                    width=6,
                    stacked=True,
                ),
                Panel(
                    title="Responses in memory",
                    description="Bytes of the stored responses of all processes. Redis reports its own.",
                    unit="bytes",
                    queries=(Query(f"sum(response_cache_bytes{{{_CHOSEN}}})", "stored"),),
                    width=6,
                ),
                Panel(
                    title="Removed responses",
                    description="Responses a second that left memory to make room for others, and tags a second that "
                    "events invalidated in a process.",
                    unit="ops",
                    queries=(
                        Query(f"sum({rate('response_cache_evictions_total', _CHOSEN)})", "evicted"),
                        Query(f"sum({rate('response_cache_invalidations_total', _CHOSEN)})", "invalidated tags"),
                    ),
                    width=6,
                ),
                Panel(
                    title="Uses without Redis",
                    description="Uses of the cache a second for which Redis was no help, by reason; 1 for the circuit "
                    "while a process does not ask Redis.",
                    unit="ops",
                    queries=(
                        Query(total("reason", rate("response_cache_failures_total", _CHOSEN)), "{{reason}}"),
                        Query(f"max(response_cache_circuit_open{{{_CHOSEN}}})", "circuit"),
                    ),
                    width=6,
                    steps=((0, "green"), (0.1, "red")),
                    logs='event="response_cache_unavailable"',
                ),
            ),
        ),
        Row(
            "Outbox",
            (
                Panel(
                    title="Age of the outbox",
                    description="Seconds since the oldest event that the relay has not given a position.",
                    unit="s",
                    queries=(Query(f"max(outbox_lag_seconds{{{_CHOSEN}}})", "relay"),),
                    width=8,
                    steps=((0, "green"), (60, "red")),
                ),
                Panel(
                    title="Lag of consumers",
                    description="Seconds since the oldest event that each consumer has not handled.",
                    unit="s",
                    queries=(Query(f"max by (consumer) (event_consumer_lag_seconds{{{_CHOSEN}}})", "{{consumer}}"),),
                    width=8,
                    steps=((0, "green"), (60, "red")),
                ),
                Panel(
                    title="Events that wait for the relay",
                    description="Events without a position. At most 10000 are counted.",
                    unit="none",
                    queries=(Query(f"max(outbox_unrelayed_events{{{_CHOSEN}}})", "events"),),
                    width=8,
                ),
            ),
        ),
        Row(
            "Traces",
            (
                Panel(
                    title="Spans exported",
                    description="Spans a second that the collector accepted.",
                    unit="ops",
                    queries=(Query(f"sum({rate('trace_spans_exported_total', _CHOSEN)})", "exported"),),
                ),
                Panel(
                    title="Spans dropped",
                    description="Spans a second that were thrown away, by reason. Above 0, traces are incomplete.",
                    unit="ops",
                    queries=(Query(total("reason", rate("trace_spans_dropped_total", _CHOSEN)), "{{reason}}"),),
                    steps=((0, "green"), (0.001, "red")),
                ),
            ),
        ),
    ),
)
