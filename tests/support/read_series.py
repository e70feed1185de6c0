"""The series that dashboards, rules and runbooks read."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from observability.dashboards.files import BOARDS
from observability.rules import alerts, recording
from observability.rules.clock import PRODUCTION
from observability.slo import OBJECTIVES
from tests.support.promql import Reading, readings

ROOT = Path(__file__).parents[2]
OF_PROMETHEUS = {
    "up": frozenset[str](),
    "scrape_duration_seconds": frozenset(),
    "scrape_samples_scraped": frozenset(),
    "ALERTS": frozenset({"alertname", "alertstate", "severity"}),
}
OF_TARGETS = frozenset({"environment", "job", "instance"})
INLINE_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
RULES = [rule for rules in recording.groups(PRODUCTION).values() for rule in rules]
RECORDED = {rule.name: frozenset({"slo", *(slo.by for slo in OBJECTIVES)}) for rule in RULES}


def of_dashboards() -> Iterator[tuple[str, str]]:
    """The place of each expression, and the expression."""
    for board in BOARDS:
        for panel in board.panels():
            for query in panel.queries:
                yield f"{board.uid}: {panel.title}", query.expr
        for variable in board.variables:
            yield f"{board.uid}: ${variable.name}", f"count by ({variable.name}) ({variable.metric})"


def of_rules() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule.name, rule.expr
    for group in alerts.groups(PRODUCTION).values():
        for alert in group:
            yield alert.name, alert.expr


def is_promql(code: str) -> bool:
    """Whether it is PromQL, and not a query in another language."""
    try:
        return bool(readings(code))
    except ValueError:
        return False


def of_runbooks() -> Iterator[tuple[str, str]]:
    """Queries in blocks and, if they have a selector with labels or a range, within a sentence."""
    for path in (ROOT / "grafana/runbooks").glob("*.md"):
        for code in INLINE_CODE.findall(path.read_text()):
            if re.search(r"\w[{\[]", code) and is_promql(code):
                yield path.name, code
        for block in re.findall(r"```promql\n(.*?)```", path.read_text(), re.DOTALL):
            for line in re.sub(r"\n {4,}", " ", block).splitlines():
                if line.strip():
                    yield path.name, line


def missing_series(exposed: Mapping[str, frozenset[str]]) -> dict[Reading, str]:
    """The series that are read and not exposed, each with one place that reads it."""
    known = OF_PROMETHEUS | RECORDED | exposed
    return {
        reading: where
        for where, expr in (*of_dashboards(), *of_rules(), *of_runbooks())
        for reading in readings(expr)
        if reading.metric not in known or not reading.labels <= known[reading.metric] | OF_TARGETS
    }


def as_report(missing: Mapping[Reading, str]) -> str:
    """One line for each series."""
    return "\n".join(
        f"{reading.metric}{{{','.join(sorted(reading.labels - OF_TARGETS))}}} for {where}"
        for reading, where in missing.items()
    )
