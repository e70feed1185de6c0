"""The report as SARIF 2.1.0 (OASIS), for code scanning."""

import json
from typing import Any, Final
from urllib.parse import quote

from contracts.compat.findings import Cause, Report, Severity
from contracts.compat.registry import registry
from contracts.compat.rule import Rule

_EFFECTS: Final = {
    Severity.BREAKING: "Clients of the old document can fail. Undo the change, or make it in the next version.",
    Severity.WARNING: "Some clients of the old document can fail. Review the change.",
    Severity.SAFE: "Clients of the old document continue to work.",
}
_LEVELS: Final = {Severity.BREAKING: "error", Severity.WARNING: "warning", Severity.SAFE: "note"}


def as_sarif(report: Report, document: str) -> str:
    """One run, with the rules that its findings refer to."""
    used = sorted({finding.rule for finding in report})
    content = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "strata contract diff", "rules": [_rule(registry()[name]) for name in used]}
                },
                "results": [_result(cause, used.index(cause.first.rule), document) for cause in report.causes],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.id.replace("-", " ").capitalize()},
        "fullDescription": {"text": rule.sentence},
        "help": {"text": _EFFECTS[rule.severity]},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"area": rule.area, "severity": rule.severity.value},
    }


def _result(cause: Cause, index: int, document: str) -> dict[str, Any]:
    finding = cause.first
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": cause.message},
        "locations": [
            {
                # GitHub requires a region, and the pointer of the logical location has no line.
                "physicalLocation": {"artifactLocation": {"uri": quote(document)}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": one.pointer, "kind": "value"}],
            }
            for one in cause.findings
        ],
        "partialFingerprints": {"ruleAndPointer/v1": f"{finding.rule} {finding.pointer}"},
        "properties": {"operations": cause.operations},
    }
