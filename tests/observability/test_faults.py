"""Each fault of ``grafana/FAULTS.md`` raises its alert within the time of the table, and none before it starts."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from observability.dashboards.files import RULES
from observability.rules.alerts import groups
from observability.rules.clock import PRODUCTION
from observability.rules.files import rule_files
from tests.observability.faults import CALM, FAULTS
from tests.support.programs import program
from tests.support.promql import readings

ROOT = Path(__file__).parents[2]
SCRAPE_SECONDS = 15
STARTED = CALM * SCRAPE_SECONDS
ALERTS = {alert.name: alert for alerts in groups(PRODUCTION).values() for alert in alerts}
RECORDED = re.compile(r"^(slo|api_version):")


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    fault: str
    alert: str | None
    minutes: int


def table() -> list[Row]:
    text = (ROOT / "grafana/FAULTS.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (\d+|-)(?: minutes?)? \|$", text, re.MULTILINE)
    return [
        Row(fault, None if alert.startswith("none") else alert, 30 if minutes == "-" else int(minutes))
        for fault, alert, minutes in rows
    ]


def firing(expr: str, seconds: int, count: int) -> dict[str, Any]:
    samples = [{"value": count, "labels": "{}"}]
    return {"expr": f"count({expr}) or vector(0)", "eval_time": f"{seconds}s", "exp_samples": samples}


def fires(row: Row) -> list[dict[str, Any]]:
    """Nothing fires before the fault; afterwards the alert does, or nothing for a row without one."""
    anything = 'count by (alertname) (ALERTS{alertstate="firing"})'
    quiet = [firing(anything, STARTED - SCRAPE_SECONDS, 0)]
    if row.alert is None:
        return quiet + [firing(anything, STARTED + seconds, 0) for seconds in range(0, row.minutes * 60, 30)]
    chosen = f'count by (alertname) (ALERTS{{alertstate="firing",alertname="{row.alert}"}})'
    return [*quiet, firing(chosen, STARTED + row.minutes * 60, 1)]


def series(fault: str) -> list[dict[str, str]]:
    found = dict(FAULTS[fault])
    # Without any target, TargetVanished fires.
    if not any(name.startswith("up{") for name in found):
        found['up{environment="test",job="strata",instance="a:8000"}'] = "1x400"
    return [{"series": name, "values": values} for name, values in found.items()]


@pytest.mark.parametrize("row", table(), ids=lambda row: row.fault)
def test_the_alert_of_a_fault_fires_in_time(row: Row, tmp_path: Path) -> None:
    case = {
        "rule_files": [str(ROOT / RULES / name) for name in rule_files()],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": f"{SCRAPE_SECONDS}s",
                "input_series": series(row.fault),
                "promql_expr_test": fires(row),
            }
        ],
    }
    path = tmp_path / "case.yml"
    path.write_text(yaml.safe_dump(case))
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_fault_has_a_row_and_every_row_an_alert() -> None:
    rows = table()
    assert [row.fault for row in rows] == list(FAULTS)
    assert {row.alert for row in rows if row.alert} <= ALERTS.keys()
    pages = {name for name, alert in ALERTS.items() if alert.severity == "page"}
    assert pages <= {row.alert for row in rows}, "a page that no fault of the table raises"


@pytest.mark.parametrize("row", [row for row in table() if row.alert], ids=lambda row: row.fault)
def test_a_fault_is_seen_in_series_that_its_alert_reads(row: Row) -> None:
    assert row.alert is not None
    read = {reading.metric for reading in readings(ALERTS[row.alert].expr)}
    if any(RECORDED.match(metric) for metric in read):
        return
    given = {name.partition("{")[0] for name in FAULTS[row.fault]}
    assert given & read
