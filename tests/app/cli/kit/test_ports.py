"""The port to listen on: the chosen one, a free one, or an error that says what to do."""

import errno
import socket
import threading
import time
from typing import Any

import pytest

from app.cli.kit import ports
from app.cli.kit.output import CommandError
from app.cli.kit.ports import free_port
from app.settings.http import HttpSettings

HOST = "127.0.0.1"


def http(port: int, host: str = HOST) -> HttpSettings:
    return HttpSettings(host=host, port=port)


def test_port_0_is_a_free_port() -> None:
    port = free_port(http(0))
    assert port > 0
    assert free_port(http(port)) == port


def test_a_port_in_use_is_tried_again_for_a_second() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(CommandError, match=rf"Port {port} on {HOST} is in use by another program\.") as rejected:
            free_port(http(port))
        assert time.monotonic() - started >= 1
        assert rejected.value.advice == f"Stop that program, or choose another port: PORT={port + 1}."
        threading.Timer(0.3, server.close).start()
        assert free_port(http(port)) == port


def test_other_errors_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(number: int) -> Any:
        def bind(*_arguments: object) -> int:
            raise OSError(number, "text")

        return bind

    for number, message, advice in (
        (errno.EACCES, "This user is not permitted to use port 80.", "Choose a port above 1023: PORT=8000."),
        (
            errno.EADDRNOTAVAIL,
            f"Cannot listen on {HOST}, port 80: text.",
            "Check STRATA_HTTP__HOST and PORT.",
        ),
    ):
        monkeypatch.setattr(ports, "_bind", fail(number))
        with pytest.raises(CommandError) as rejected:
            free_port(http(80))
        assert (str(rejected.value), rejected.value.advice) == (message, advice)
