"""``/metrics`` on a port of its own, for whichever process was given one."""

from contextlib import AbstractContextManager

from app.cli.kit.ports import free_port
from app.settings.groups import Settings
from observability.metrics.exposition import Exposition
from observability.metrics.exposition_server import exposed
from observability.metrics.registry import Registry


def exposing(settings: Settings, registry: Registry, port: int) -> AbstractContextManager[None]:
    """Serve ``registry`` while the block runs, to whoever has the token. Raises ``CommandError`` for a taken port."""
    token = None if settings.metrics.token is None else settings.metrics.token.get_secret_value()
    free = free_port(settings.http.model_copy(update={"port": port}))
    return exposed(Exposition(registry, token), settings.http.host, free)
