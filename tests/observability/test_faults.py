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
from tests.support.alert_rules import needed
from tests.support.programs import program
from tests.support.promql import readings
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
RULE_FILES = [ROOT / RULES / name for name in rule_files()]
SCRAPE_SECONDS = 15
STARTED = CALM * SCRAPE_SECONDS
ALERTS = {alert.name: alert for alerts in groups(PRODUCTION).values() for alert in alerts}
ANYTHING = 'count by (alertname) (ALERTS{alertstate="firing"})'
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


QUIET = firing(ANYTHING, STARTED - SCRAPE_SECONDS, 0)
"""Nothing fires before the fault."""


def silent(row: Row) -> list[dict[str, Any]]:
    """Nothing fires during the fault of a row without an alert."""
    return [firing(ANYTHING, STARTED + seconds, 0) for seconds in range(0, row.minutes * 60, 30)]


def fires(row: Row) -> list[dict[str, Any]]:
    """The alert of a row fires in time."""
    chosen = f'count by (alertname) (ALERTS{{alertstate="firing",alertname="{row.alert}"}})'
    return [firing(chosen, STARTED + row.minutes * 60, 1)]


def series(fault: str) -> list[dict[str, str]]:
    found = dict(FAULTS[fault])
    # Without any target, TargetVanished fires.
    if not any(name.startswith("up{") for name in found):
        found['up{environment="test",job="strata",instance="a:8000"}'] = "1x400"
    return [{"series": name, "values": values} for name, values in found.items()]


def case(path: Path, rules: dict[str, str], fault: str, expected: list[dict[str, Any]], interval: str) -> Path:
    """Write a test of rules into a folder."""
    for name, text in rules.items():
        (path / name).write_text(text)
    content = {
        "rule_files": list(rules),
        "evaluation_interval": interval,
        "tests": [
            {"interval": f"{SCRAPE_SECONDS}s", "input_series": series(fault), "promql_expr_test": expected},
        ],
    }
    (path / "case.yml").write_text(yaml.safe_dump(content))
    return path / "case.yml"


@pytest.mark.parametrize("row", table(), ids=lambda row: row.fault)
def test_the_alert_of_a_fault_fires_in_time(row: Row, tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = {path.name: path.read_text() for path in RULE_FILES}
    every, one = tmp_path_factory.mktemp("every"), tmp_path_factory.mktemp("one")
    if row.alert is None:
        cases = [case(every, rules, row.fault, [QUIET, *silent(row)], "30s")]
    else:
        # Series grow evenly before the fault, so that few evaluations show whether any alert fires. Their distance is
        # less than the five minutes for which a recorded series is read: promtool runs the groups in any order.
        cases = [
            case(every, rules, row.fault, [QUIET], "2m"),
            case(one, needed(rules, [row.alert]), row.fault, fires(row), "30s"),
        ]
    done = subprocess.run(
        [program("promtool"), "test", "rules", *map(str, cases)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
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
