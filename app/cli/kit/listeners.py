"""Listeners on separate ports: ``/metrics`` of the API and of the worker, and the pages for operators."""

from contextlib import AbstractContextManager

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from app.cli.kit.ports import free_port
from app.http.server.protocol import LimitedHttpProtocol
from app.settings.http import HttpSettings
from app.settings.metrics import MetricsSettings
from app.settings.root import Settings
from observability.listener import serve_application
from observability.metrics.exposition import Exposition
from observability.metrics.registry import Registry


def serve_metrics(settings: Settings, registry: Registry, port: int) -> AbstractContextManager[None]:
    """Serve ``registry`` during the block, protected by ``STRATA_METRICS__TOKEN`` if set.

    Raises ``CommandError`` if the port is in use.
    """
    secret = settings[MetricsSettings].token
    token = None if secret is None else secret.get_secret_value()
    return serve_on_port(settings, Starlette(routes=[Route("/metrics", Exposition(registry, token))]), port)


def serve_on_port(settings: Settings, app: ASGIApp, port: int) -> AbstractContextManager[None]:
    """Serve an application during the block, on the host of the API. Raises ``CommandError`` if the port is in use."""
    free = free_port(settings[HttpSettings].model_copy(update={"port": port}))
    return serve_application(app, settings[HttpSettings].host, free, LimitedHttpProtocol)
