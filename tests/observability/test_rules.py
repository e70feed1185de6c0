"""Rules: promtool accepts them, each alert has a test of its own, and each has a runbook."""

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from observability.dashboards.files import RULES
from observability.rules.alerts import groups
from observability.rules.clock import PRODUCTION, Clock, duration
from observability.rules.files import rule_files
from observability.rules.recording import groups as recordings
from observability.slo import BURN_RATES, OBJECTIVES
from tests.support.alert_rules import needed
from tests.support.programs import program
from tests.support.promql import readings
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
RUNBOOKS = ROOT / "grafana/runbooks"
ALERTS = [alert for alerts in groups(PRODUCTION).values() for alert in alerts]
NAMES = sorted({alert.name for alert in ALERTS})
TESTS = ("alert_rule_test", "promql_expr_test")
"""The kinds of expectations in a case."""
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Silence"]


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_rules() -> None:
    promtool("check", "rules", *(str(ROOT / RULES / name) for name in rule_files()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_alert_fires_as_specified(case: Path, tmp_path: Path) -> None:
    text = case.read_text()
    given = yaml.safe_load(text)
    expected = {kind: [test for group in given["tests"] for test in group.get(kind, [])] for kind in TESTS}
    alerts = [test["alertname"] for test in expected["alert_rule_test"]]
    exprs = [test["expr"] for test in expected["promql_expr_test"]]
    rules = {Path(name).name: (case.parent / name).read_text() for name in given["rule_files"]}
    for name, kept in needed(rules, alerts, exprs).items():
        (tmp_path / name).write_text(kept)
    for path in given["rule_files"]:
        # As text: to YAML a series such as `0x20` is a number.
        text = text.replace(path, Path(path).name)
    (tmp_path / case.name).write_text(text)
    promtool("test", "rules", str(tmp_path / case.name))


def test_every_alert_has_a_firing_and_a_silent_case() -> None:
    assert [case.stem for case in CASES] == NAMES
    for case in CASES:
        expected = [
            test["exp_alerts"]
            for group in yaml.safe_load(case.read_text())["tests"]
            for test in group.get("alert_rule_test", [])
            if test["alertname"] == case.stem
        ]
        series = [str(found) for group in yaml.safe_load(case.read_text())["tests"] for found in group["input_series"]]
        assert any(expected), f"{case.stem}: a case in which it fires is missing"
        assert len(series) > 1 or not all(expected), f"{case.stem}: a series for which it stays silent is missing"


@pytest.mark.parametrize("name", NAMES)
def test_runbook_is_complete(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    severities = {alert.severity for alert in ALERTS if alert.name == name}
    assert text.startswith(f"# {name} ({severities.pop()})\n")
    assert not severities, "all alerts of one name must have the same severity"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    blocks = re.findall(r"```promql\n(.*?)```", text, re.DOTALL)
    assert blocks, "the runbook must contain a query"
    for expr in expressions(blocks):
        assert readings(expr)
    assert "TraceQL" in text, "the runbook must show how to find the traces"
    assert re.search(r"LogQL|docker compose logs", text), "the runbook must show how to find the log lines"
    for target in re.findall(r"\]\(([\w./-]+\.md)\)", text):
        assert (RUNBOOKS / target).exists()


def expressions(blocks: list[str]) -> list[str]:
    """Return the expressions of blocks: one per line, where indented lines continue the previous one."""
    text = "\n".join(re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in blocks)
    return [expr for expr in re.sub(r"\n\s+", " ", text).splitlines() if expr.strip()]


def test_every_runbook_has_an_alert() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == NAMES


def test_alert_has_a_severity_and_a_runbook() -> None:
    for group in yaml.safe_load(rule_files()["alerts.yml"])["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
            assert rule["annotations"]["runbook_url"].endswith(f"/runbooks/{rule['alert']}.md")


def test_a_recording_reads_samples_or_recordings_and_never_both() -> None:
    """Both are read at different moments. A scrape in between would make their difference or ratio wrong."""
    for rules in recordings(PRODUCTION).values():
        for rule in rules:
            assert len({":" in reading.metric for reading in readings(rule.expr)}) == 1, rule.expr


def test_burn_rates_are_those_of_the_objectives() -> None:
    burning = [alert for alert in ALERTS if "Budget" in alert.name]
    assert len(burning) == len(OBJECTIVES) * len(BURN_RATES)
    spent = {rate.long: round(rate.factor * rate.long / timedelta(days=30), 3) for rate in BURN_RATES}
    assert list(spent.values()) == [0.02, 0.05, 0.1, 0.1], "the share of the budget that is spent when it fires"
    assert all(rate.long == 12 * rate.short for rate in BURN_RATES)


def test_scaled_clock_changes_durations_only() -> None:
    def without_lengths(text: str) -> str:
        return re.sub(r"\[\d+[dhms]\]|offset \d+[dhms]|'(for|interval)': '\d+[dhms]'", "", str(yaml.safe_load(text)))

    fast, real = rule_files(Clock(pace=30)), rule_files()
    for name, text in real.items():
        assert fast[name] != text
        assert without_lengths(fast[name]) == without_lengths(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=6), "6h"),
        (timedelta(days=3), "3d"),
        (timedelta(seconds=90), "90s"),
        (timedelta(hours=36), "36h"),
    ],
)
def test_durations_have_the_format_of_prometheus(length: timedelta, text: str) -> None:
    assert duration(length) == text
