"""Reports in SARIF have the members that the standard and GitHub code scanning require.

The schema is transcribed from SARIF 2.1.0 (OASIS, errata 01, section 3) for the objects that reports contain: required
members, enumerations, formats, and no unknown members. Members marked GITHUB are optional in the standard, and required
by "SARIF support for code scanning" of GitHub's documentation.
"""

import copy
import json
from collections.abc import Callable
from typing import Any, Final

import jsonschema_rs
import pytest

from contracts.compat import diff
from contracts.compat.reports import FORMATS
from tests.contracts.compat.documents import Json, body, operation, with_responses


def closed(required: str, /, **properties: Any) -> Json:
    """An object without unknown members. Every object of SARIF can have a bag of properties."""
    bag = {"type": "object", "properties": {"tags": {"type": "array", "items": TEXT, "uniqueItems": True}}}
    known = {**properties, "properties": bag}
    return {"type": "object", "properties": known, "required": required.split(), "additionalProperties": False}


def array(items: Json, **keywords: Any) -> Json:
    return {"type": "array", "items": items, **keywords}


TEXT: Final[Json] = {"type": "string"}
FULL_TEXT: Final[Json] = {"type": "string", "minLength": 1}
INDEX: Final[Json] = {"type": "integer", "minimum": 0}
LEVEL: Final[Json] = {"enum": ["none", "note", "warning", "error"]}
MESSAGE: Final = closed("text", text=FULL_TEXT, markdown=TEXT)
RULE: Final = closed(
    "id shortDescription fullDescription help",  # all but id: GITHUB
    id=FULL_TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    helpUri={"type": "string", "format": "uri"},
    defaultConfiguration=closed("level", level=LEVEL),
)
LOCATION: Final = closed(
    "physicalLocation",  # GITHUB
    physicalLocation=closed(
        "artifactLocation region",  # region: GITHUB
        artifactLocation=closed("uri", uri={"type": "string", "format": "uri-reference", "minLength": 1}),
        region=closed("startLine", startLine={"type": "integer", "minimum": 1}),
    ),
    logicalLocations=array(closed("fullyQualifiedName", fullyQualifiedName=TEXT, kind=TEXT), uniqueItems=True),
)
RESULT: Final = closed(
    "ruleId message locations partialFingerprints",  # locations, partialFingerprints: GITHUB
    ruleId=FULL_TEXT,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations=array(LOCATION, minItems=1),
    partialFingerprints={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
)
RUN: Final = closed(
    "tool results",
    tool=closed(
        "driver",
        driver=closed(
            "name rules", name=FULL_TEXT, semanticVersion=TEXT, rules=array(RULE, uniqueItems=True)
        ),  # GITHUB
    ),
    results=array(RESULT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
)
SARIF: Final = closed(
    "version runs $schema",  # $schema: GITHUB
    version={"const": "2.1.0"},
    runs=array(RUN),
    **{"$schema": {"type": "string", "format": "uri", "pattern": "sarif-schema-2\\.1\\.0\\.json$"}},
)
VALIDATOR: Final = jsonschema_rs.Draft202012Validator(SARIF, validate_formats=True)


def report(document: str = "new.json") -> Json:
    """A report with findings of each severity, some of them without an operation."""
    old = with_responses(_200=body({"type": "object", "properties": {"a": {"type": "string"}}}))
    new = with_responses(_200=body({"type": "object", "properties": {"b": {"type": "string"}}})) | {
        "info": {"title": "Another", "version": "2"}
    }
    return json.loads(FORMATS["sarif"](diff(old, new), document))


def test_a_report_is_valid() -> None:
    found = report()
    VALIDATOR.validate(found)
    assert {result["level"] for result in found["runs"][0]["results"]} >= {"error", "note"}


@pytest.mark.parametrize("document", ["a b.json", "git:HEAD:openapi.json", "-", "öffentlich/ä.yaml"])
def test_the_name_of_any_document_is_a_reference(document: str) -> None:
    VALIDATOR.validate(report(document))


def test_a_report_without_findings_is_valid() -> None:
    VALIDATOR.validate(json.loads(FORMATS["sarif"](diff(operation(), operation()), "new.json")))


def rule_of(found: Json) -> Json:
    return found["runs"][0]["tool"]["driver"]["rules"][0]


def result_of(found: Json) -> Json:
    return found["runs"][0]["results"][0]


DAMAGES: Final[list[Callable[[Json], Any]]] = [
    lambda found: found.pop("version"),
    lambda found: found.update(version="2.0.0"),
    lambda found: found["runs"][0].pop("tool"),
    lambda found: found["runs"][0].update(columnKind="bytes"),
    lambda found: rule_of(found).pop("id"),
    lambda found: rule_of(found).pop("help"),
    lambda found: rule_of(found).update(severity="breaking"),
    lambda found: result_of(found).update(level="breaking"),
    lambda found: result_of(found).update(ruleIndex=-1),
    lambda found: result_of(found)["message"].pop("text"),
    lambda found: result_of(found).update(locations=[]),
    lambda found: result_of(found)["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="a b"),
    lambda found: result_of(found)["locations"][0]["physicalLocation"]["region"].update(startLine=0),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_report_is_invalid(damage: Callable[[Json], Any]) -> None:
    damaged = copy.deepcopy(report())
    damage(damaged)
    assert not VALIDATOR.is_valid(damaged)
