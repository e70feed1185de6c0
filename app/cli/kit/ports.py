"""Checks that the server can listen on its address, before anything is started."""

import errno
import socket
import time
from typing import Final

from app.cli.kit.output import CommandError
from app.settings.http import HttpSettings

# A server whose parent was killed releases its port a moment later.
_RETRY_SECONDS: Final = 1.0


def free_port(http: HttpSettings) -> int:
    """The port to listen on; for port 0, a free port that the system chooses.

    Raises:
        CommandError: the port is in use or not permitted, or the host is not an address of this machine.
    """
    deadline = time.monotonic() + _RETRY_SECONDS
    while True:
        try:
            return _bind(http.host, http.port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise _command_error(http, error) from None


def _bind(host: str, port: int) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
        return int(probe.getsockname()[1])


def _command_error(http: HttpSettings, error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        message = f"Port {http.port} on {http.host} is in use by another program."
        return CommandError(message, f"Stop that program, or choose another port: PORT={http.port + 1}.")
    if error.errno == errno.EACCES:
        return CommandError(
            f"This user is not permitted to use port {http.port}.", "Choose a port above 1023: PORT=8000."
        )
    return CommandError(
        f"Cannot listen on {http.host}, port {http.port}: {error.strerror}.", "Check STRATA_HTTP__HOST and PORT."
    )
