"""The worker processes of ``strata serve --workers N``."""

from socket import socket

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from app.cli.kit.output import CommandError
from app.cli.kit.restarts import RestartLimit
from app.kit.restarts import RestartCounts

_LOG = structlog.get_logger()


class LimitedWorkers(Multiprocess):
    """uvicorn's supervisor with a limit: it would restart a process that crashes at every start for ever."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], counts: RestartCounts) -> None:
        super().__init__(config, sockets)
        self._counts = counts
        self._limit = RestartLimit("API")
        self._failure: CommandError | None = None

    def run(self) -> None:
        """Serve until a signal. Raises ``CommandError`` when worker processes crash too often."""
        super().run()
        if self._failure is not None:
            raise self._failure

    def keep_subprocess_alive(self) -> None:
        """Restart crashed worker processes within the limit, and count them."""
        before = list(self.processes)
        super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=True):
            if new is old:
                continue
            self._counts.add("api")
            _LOG.warning("process_restarted", process="api", exit_code=old.exitcode, pid=new.pid)
            try:
                self._limit.next_delay()
            except CommandError as error:
                self._failure = error
                self.should_exit.set()


def run_server(config: uvicorn.Config, counts: RestartCounts) -> None:
    """Serve in this process, or in several. Raises ``CommandError`` when worker processes crash too often."""
    if config.workers > 1:
        LimitedWorkers(config, [config.bind_socket()], counts).run()
        return
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        message = "The API did not start."
        raise CommandError(message, "The log above shows the reason.")
