"""The report as SARIF 2.1.0 (OASIS), for code scanning."""

import json
from typing import Any, Final
from urllib.parse import quote

from contracts.compat.findings import DiffFinding, Report, Severity
from contracts.compat.registry import registry
from contracts.compat.rule import Rule

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
                "results": [_result(finding, used.index(finding.rule), document) for finding in report],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.sentence},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"area": rule.area, "severity": rule.severity.value},
    }


def _result(finding: DiffFinding, index: int, document: str) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(document)}},
                "logicalLocations": [{"fullyQualifiedName": finding.pointer, "kind": "value"}],
            }
        ],
        "partialFingerprints": {"ruleAndPointer/v1": f"{finding.rule} {finding.pointer}"},
        "properties": {"operations": [name for name in finding.operations if name]},
    }
