"""Installs the middleware of this package in an application, in the right order."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from observability.config import CorsPolicy, ObservabilityConfig
from observability.conformance.checker import ConformanceChecker
from observability.conformance.middleware import ConformanceMiddleware, share
from observability.logs.access_log import AccessLog
from observability.logs.configuration import configure
from observability.metrics.metrics import Metrics
from observability.metrics.requests import RequestMetrics, RequestMetricsListener
from observability.metrics.sockets import SocketMetrics, SocketMetricsListener
from observability.requests.error_middleware import ErrorMiddleware
from observability.requests.middleware import RequestContextMiddleware, RequestListener
from observability.tracing.listener import RequestTracing
from observability.tracing.tracer import Tracing


def install(
    app: Starlette,
    config: ObservabilityConfig,
    tracing: Tracing | None = None,
    checker: ConformanceChecker | None = None,
    listeners: Sequence[RequestListener] = (),
) -> Metrics:
    """Set up logging, wrap ``app``, and return its instruments. Call it once, before the first request.

    The caller starts and closes ``tracing`` and ``checker``. ``listeners`` are notified of requests beside our own.
    """
    configure(config.log_level, config.log_format)
    metrics = Metrics(config.mounts.values(), folder=config.metrics_folder, consumer_series=config.consumer_series)
    for layer in reversed(middleware(config, metrics, tracing, checker, listeners)):
        app.add_middleware(layer.cls, *layer.args, **layer.kwargs)
    return metrics


def middleware(
    config: ObservabilityConfig,
    metrics: Metrics,
    tracing: Tracing | None = None,
    checker: ConformanceChecker | None = None,
    others: Sequence[RequestListener] = (),
) -> list[Middleware]:
    """Return every layer, outermost first, each pure ASGI.

    CORS is outside of the layers that send error responses, so that scripts can read errors too, and inside of the
    layers that only observe, so that preflight requests have an id and are logged and counted.
    """
    sockets = metrics.group(SocketMetrics)
    sockets.start_at_zero(config.mounts.values())
    access_log = AccessLog(quiet_paths=config.quiet_paths, release=config.release)
    return [
        *_conformance(config, checker),
        Middleware(
            RequestContextMiddleware,
            mounts=config.mounts,
            listeners=[*others, access_log, *_listeners(config, metrics, tracing)],
            sockets=[access_log, SocketMetricsListener(sockets)],
        ),
        *_cors(config.cors),
        Middleware(ErrorMiddleware),
    ]


def _request_metrics(config: ObservabilityConfig, metrics: Metrics) -> RequestMetricsListener:
    group = metrics.group(RequestMetrics)
    group.start_at_zero(config.mounts.values())
    return RequestMetricsListener(metrics=group, deprecated=config.deprecated_versions)


def _listeners(config: ObservabilityConfig, metrics: Metrics, tracing: Tracing | None) -> list[RequestListener]:
    """Tracing is last and therefore notified of ends first, because the other listeners use its decision."""
    listeners: list[RequestListener] = [_request_metrics(config, metrics)]
    if tracing is not None:
        listeners.append(RequestTracing(tracing=tracing, quiet_paths=config.quiet_paths, lifecycle=config.lifecycle))
    return listeners


def _conformance(config: ObservabilityConfig, checker: ConformanceChecker | None) -> list[Middleware]:
    if checker is None or not config.conformance_ratio:
        return []
    return [Middleware(ConformanceMiddleware, checker=checker, chosen=share(config.conformance_ratio))]


def with_cors(app: ASGIApp, policy: CorsPolicy) -> ASGIApp:
    """Wrap an application that responds outside of the layers, so that scripts of allowed origins can read it."""
    for layer in _cors(policy):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    return app


def _cors(policy: CorsPolicy) -> list[Middleware]:
    if not policy.allow_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=policy.allow_origins,
            allow_credentials=policy.allow_credentials,
            allow_methods=policy.allow_methods,
            allow_headers=policy.allow_headers,
            expose_headers=policy.expose_headers,
            max_age=policy.max_age,
        )
    ]
