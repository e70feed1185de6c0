"""``strata serve``: how the server listens, and what it trusts."""

from typing import Any

import pytest

from app.cli.serve import _server_config, _with_address
from app.http.server import loop
from app.http.server.protocol import LimitedHttpProtocol
from app.http.server.websockets import HandshakeWebSocketProtocol
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.root import Settings


def test_the_server_has_the_limits_of_the_settings_and_trusts_no_header() -> None:
    http = HttpSettings(host="0.0.0.0", max_concurrent_requests=17, shutdown_timeout=5)  # noqa: S104 - nothing listens
    config = _server_config(http, 8123, 3, 4096)
    expected: dict[str, Any] = {
        "app": "app.asgi:create_app",
        "factory": True,
        "host": "0.0.0.0",  # noqa: S104 - as above
        "port": 8123,
        "workers": 3,
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "loop": loop.FACTORY,
        "backlog": 17,
        "http": LimitedHttpProtocol,
        "ws": HandshakeWebSocketProtocol,
        "timeout_graceful_shutdown": 5,
        "timeout_worker_healthcheck": 20,
        "ws_max_size": 4096,
        "ws_per_message_deflate": False,
        "proxy_headers": False,
    }
    assert {name: getattr(config, name) for name in expected} == expected
    behind = _server_config(HttpSettings(trusted_proxies=["10.0.0.0/8"]), 8123, 1, 4096)
    assert (behind.proxy_headers, behind.forwarded_allow_ips) == (True, ["10.0.0.0/8"])


def test_an_address_on_the_command_line_wins(settings: Settings) -> None:
    own = settings[HttpSettings]
    for host, port in ((None, None), ("127.0.0.2", None), (None, 0), ("127.0.0.2", 9)):
        http = _with_address(settings, host, port)[HttpSettings]
        assert (http.host, http.port) == (host or own.host, own.port if port is None else port)
        assert http.request_timeout == own.request_timeout
    with pytest.raises(SettingsError):
        _with_address(settings, None, 70_000)
