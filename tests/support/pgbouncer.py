"""PgBouncer between the product and PostgreSQL, on the loopback."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.support.live import free_port
from tests.support.postgres import owner_dsn
from tests.support.programs import program
from tests.support.waiting import PATIENCE, wait_until

IGNORED: Final = "statement_timeout,lock_timeout,idle_in_transaction_session_timeout,jit"
"""What the product sets for its sessions and PgBouncer does not pass on, so that the database must have it."""
_CONFIGURATION: Final = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = session
default_pool_size = {size}
max_client_conn = 500
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pgbouncer(dsn: str, size: int) -> Iterator[str]:
    """The address of the same database through PgBouncer, with at most ``size`` connections of each role."""
    parts, owner, listen_port = urlsplit(dsn), urlsplit(owner_dsn(dsn)), free_port()
    host = parts.hostname or parse_qs(parts.query)["host"][0]
    with tempfile.TemporaryDirectory(prefix="strata-pgbouncer-") as created:
        folder = Path(created)
        # PgBouncer does not run as root; as the user of the embedded server it may open its socket.
        folder.chmod(0o755)
        users = folder / "users.txt"
        users.write_text("".join(f'"{role}" "{parts.password or ""}"\n' for role in (parts.username, owner.username)))
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            _CONFIGURATION.format(
                host=host, port=parts.port or 5432, listen_port=listen_port, users=users, size=size, ignored=IGNORED
            )
        )
        identity = {}
        if os.getuid() == 0 and host.startswith("/"):
            found = Path(host).stat()
            identity = {"user": found.st_uid, "group": found.st_gid, "extra_groups": []}
        log = folder / "pgbouncer.log"
        with log.open("wb") as output:
            command = [program("pgbouncer"), str(configuration)]
            process = subprocess.Popen(command, stdout=output, stderr=output, **identity)
        try:
            wait_until(lambda: _listens(listen_port), PATIENCE, log.read_text)
            yield parts._replace(netloc=f"{parts.username}@127.0.0.1:{listen_port}", query="").geturl()
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
