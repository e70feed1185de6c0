"""The running processes of the tests of dashboards."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr
from sqlalchemy import func, select

from app.kit.db.database import Database
from app.kit.db.statements import Read
from app.models import UsageDay
from app.settings.database import DatabaseSettings
from app.usage.service import UsageService
from observability.dashboards.files import BOARDS
from tests.support.collector import Collector
from tests.support.live import Strata, wait_until_ready
from tests.support.prometheus import Prometheus, Sample
from tests.support.promql import filled
from tests.support.redis import RedisServer
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

INTERVAL: Final = "10s"
"""The value of $__rate_interval, which covers several rounds of traffic."""
CACHING: Final = {"STRATA_CACHE__BACKEND": "redis", "STRATA_CACHE__TTL": "5"}
"""The settings of the response cache. Rounds of traffic are two seconds apart."""
PANELS: Final = {
    (board.uid.removeprefix("strata-"), panel.title): panel for board in BOARDS for panel in board.panels()
}

OF_A_WORKER: Final = {
    (board, title): panel
    for (board, title), panel in PANELS.items()
    if board == "webhooks" or title in {"Delay of events", "Delay of the start"} or "job start" in title
}
"""Panels that need a worker: tests/system/test_webhooks_observed.py shows them, test_dashboards_alive.py all others."""


def by_labels(samples: list[Sample], *labels: str) -> dict[tuple[str, ...], float]:
    """The values by these labels."""
    return {tuple(metric.get(label, "") for label in labels): value for metric, value in samples}


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

    def count_consumers(self, version: str, senders: int) -> None:
        """Count consumers as the worker does, once the requests of all senders are recorded."""
        asyncio.run(_count_consumers(self.strata.environment["STRATA_DATABASE__URL"], version, senders))

    def alert(self, name: str) -> str | None:
        """The state of an alert, if it is active."""
        return self.prometheus.alerts().get(name)

    def panel(self, board: str, title: str, query: int = 0) -> list[Sample]:
        """The current samples of a panel, with every variable set to All."""
        return self.prometheus.query(filled(PANELS[board, title].queries[query].expr, interval=INTERVAL))

    def exported(self, resource: str) -> float:
        """The exported bytes a second that the dashboard shows."""
        shown = {metric["resource"]: value for metric, value in self.panel("transfers", "Exported bytes")}
        return shown[resource]

    def cached(self, title: str = "Look-ups of responses", label: str = "outcome", value: str = "hit") -> float:
        """What a panel of the response cache shows a second: by default the hits."""
        shown = {metric[label]: found for metric, found in self.panel("saturation", title)}
        return shown[value]


async def _count_consumers(dsn: str, version: str, senders: int) -> None:
    database = await Database.open(dsn, DatabaseSettings(url=SecretStr(dsn)))
    recorded = Read(select(func.count(UsageDay.consumer.distinct())).where(UsageDay.api_version == version))
    try:

        async def all_recorded() -> bool:
            return bool(await database.reads.scalar(recorded) == senders)

        await eventually(all_recorded)
        async with database.write() as session:
            await UsageService(session).count_consumers()
    finally:
        await database.close()
