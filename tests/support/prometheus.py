"""A real Prometheus beside a test, with the committed rules at a faster pace."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml

from observability.rules.clock import Clock
from observability.rules.files import rule_files
from tests.support.live import free_port, wait_until_ready
from tests.support.programs import program
from tests.support.waiting import PATIENCE

PACE = 30
"""Scales five minutes of a rule to ten seconds; names stay as they are."""

Labels = dict[str, str]
Sample = tuple[Labels, float]


class Prometheus:
    """Its HTTP API."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url, timeout=PATIENCE)

    def close(self) -> None:
        self._client.close()

    def query(self, expr: str) -> list[Sample]:
        """The instant vector of an expression, now."""
        found = self._get("query", query=expr)
        assert found["resultType"] == "vector", expr
        return [(sample["metric"], float(sample["value"][1])) for sample in found["result"]]

    def values(self, expr: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The instant vector by the values of some labels."""
        return {tuple(metric.get(label, "") for label in labels): value for metric, value in self.query(expr)}

    def exemplars(self, expr: str, seconds: float) -> list[dict[str, Any]]:
        """Every exemplar of the last seconds."""
        now = time.time()
        found = self._get("query_exemplars", query=expr, start=str(now - seconds), end=str(now + 1))
        return [exemplar for series in found for exemplar in series["exemplars"]]

    def alerts(self) -> dict[str, str]:
        """Active alerts and their states."""
        return {alert["labels"]["alertname"]: alert["state"] for alert in self._get("alerts")["alerts"]}

    def unhealthy_rules(self) -> list[str]:
        """Rules whose last evaluation failed, with the reason."""
        groups = self._get("rules")["groups"]
        return [
            f"{rule['name']}: {rule.get('lastError')}"
            for group in groups
            for rule in group["rules"]
            if rule["health"] == "err"
        ]

    def _get(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]


@contextmanager
def prometheus(home: Path, target: str, worker: str | None = None) -> Iterator[Prometheus]:
    """Scrape ``target`` and ``worker`` (host:port) every second until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    for name, text in rule_files(Clock(pace=PACE)).items():
        (home / name).write_text(text)
    scrapes = [
        {"job_name": job, "static_configs": [{"targets": [one], "labels": {"environment": "test"}}]}
        for job, one in (("strata", target), ("strata-worker", worker))
        if one is not None
    ]
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(home / "*.yml")],
        "storage": {"exemplars": {"max_exemplars": 10_000}},
        "scrape_configs": scrapes,
    }
    (home / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    with (home / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={home / 'prometheus.yaml'}",
                f"--storage.tsdb.path={home / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, (home / "prometheus.log").read_text, "/-/ready")
        with closing(Prometheus(url)) as found:
            yield found
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
