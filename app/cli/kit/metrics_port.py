"""``/metrics`` on a separate port, for the API and for the worker."""

from contextlib import AbstractContextManager

from app.cli.kit.ports import free_port
from app.http.server.protocol import LimitedHttpProtocol
from app.settings.http import HttpSettings
from app.settings.metrics import MetricsSettings
from app.settings.root import Settings
from observability.metrics.exposition import Exposition
from observability.metrics.exposition_server import serve_exposition
from observability.metrics.registry import Registry


def serve_metrics(settings: Settings, registry: Registry, port: int) -> AbstractContextManager[None]:
    """Serve ``registry`` during the block, protected by ``STRATA_METRICS__TOKEN`` if set.

    Raises ``CommandError`` if the port is in use.
    """
    secret = settings[MetricsSettings].token
    token = None if secret is None else secret.get_secret_value()
    free = free_port(settings[HttpSettings].model_copy(update={"port": port}))
    return serve_exposition(Exposition(registry, token), settings[HttpSettings].host, free, LimitedHttpProtocol)
