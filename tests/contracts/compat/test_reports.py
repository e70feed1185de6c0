"""Each form of a report holds every finding, whatever the documents put into it."""

import json
from xml.etree import ElementTree as ET

import pytest

from contracts.compat import diff
from contracts.compat.findings import DiffFinding, Report, Severity
from contracts.compat.reports import FORMATS
from tests.contracts.compat.documents import operation, parameter, with_parameters

NASTY = '|<b>\n`{0}` "& \x00\ud7ff'
REPORT = diff(with_parameters(parameter(NASTY), parameter("r")), operation(tags=["t"], deprecated=True))
EMPTY = Report(())


def test_json_has_these_members_only() -> None:
    found = json.loads(FORMATS["json"](REPORT, "new.json"))
    assert found.keys() == {"breaking", "warnings", "findings"}
    assert (found["breaking"], found["warnings"], len(found["findings"])) == (2, 1, 4)
    assert all(one.keys() == {"rule", "severity", "pointer", "operation", "message"} for one in found["findings"])


def test_markdown_has_one_row_a_finding() -> None:
    rows = [line for line in FORMATS["markdown"](REPORT, "new.json").splitlines() if line.startswith("| `")]
    assert len(rows) == 4
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)
    assert "<b>" not in "".join(rows)


def test_junit_fails_where_something_breaks() -> None:
    suites = ET.fromstring(FORMATS["junit"](REPORT, "new.json"))  # noqa: S314 - our own text
    assert suites.attrib == {"tests": "4", "failures": "2"}
    assert len(suites.findall("testsuite/testcase/failure")) == 2
    quiet = ET.fromstring(FORMATS["junit"](EMPTY, "new.json"))  # noqa: S314 - our own text
    assert quiet.attrib == {"tests": "1", "failures": "0"}


def test_sarif_names_rules_and_levels() -> None:
    found = json.loads(FORMATS["sarif"](REPORT, "a b.json"))
    (run,) = found["runs"]
    assert found["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.json"


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_tells_of_nothing(form: str) -> None:
    assert FORMATS[form](EMPTY, "new.json").endswith("\n")


def test_a_report_merges_what_operations_share() -> None:
    one = DiffFinding("a", Severity.SAFE, "/p", "GET /a", "m.")
    other = DiffFinding("a", Severity.SAFE, "/p", "GET /b", "m.")
    (found,) = Report.of([one, other, one])
    assert found.operations == ("GET /a", "GET /b")
