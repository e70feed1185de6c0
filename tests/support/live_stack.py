"""The running processes of the tests of dashboards."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from observability.dashboards.files import BOARDS
from tests.support.collector import Collector
from tests.support.live import Strata, wait_until_ready
from tests.support.prometheus import Prometheus, Sample
from tests.support.promql import filled
from tests.support.redis import RedisServer
from tests.support.traffic import Traffic

INTERVAL: Final = "10s"
"""The value of $__rate_interval, which covers several rounds of traffic."""
PANELS: Final = {
    (board.uid.removeprefix("strata-"), panel.title): panel for board in BOARDS for panel in board.panels()
}


@dataclass
class LiveStack:
    """The running processes, and the traffic that is sent to them."""

    strata: Strata
    port: int
    prometheus: Prometheus
    traffic: Traffic
    redis: RedisServer
    collector: Collector
    servers: ExitStack

    def start_server(self) -> None:
        """Start two worker processes on the port that Prometheus scrapes."""
        # So that the panels of dropped spans have data, also after another test has started the server again.
        self.collector.mode = "refusing_once"
        process = self.servers.enter_context(self.strata.running("serve", "--workers", "2", PORT=str(self.port)))
        wait_until_ready(f"http://127.0.0.1:{self.port}", process, lambda: self.strata.log("serve"))

    def stop_server(self) -> None:
        """End the server, whose counters then start again at 0."""
        self.servers.close()
        self.traffic.responses.clear()

    def alert(self, name: str) -> str | None:
        """The state of an alert, if it is active."""
        return self.prometheus.alerts().get(name)

    def panel(self, board: str, title: str, query: int = 0) -> list[Sample]:
        """The current samples of a panel, with every variable set to All."""
        return self.prometheus.query(filled(PANELS[board, title].queries[query].expr, interval=INTERVAL))
