"""The findings about every example, in full: ``python -m tests.contracts.compat.recorded`` writes them for a review."""

import copy
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from contracts.compat import diff
from contracts.compat.catalogue.change import Context
from contracts.compat.catalogue.schemas import CHANGES
from contracts.compat.findings import DiffFinding, Report
from contracts.compat.reports import FORMATS
from tests.contracts.compat.documents import at, parameter, with_parameters
from tests.contracts.compat.protocol_examples import PROTOCOL_EXAMPLES
from tests.contracts.compat.schema_examples import COMPONENTS, SCHEMA_EXAMPLES

Json = Any
RECORDED: Final = Path(__file__).with_name("findings.json")
_FOLDER: Final = Path(__file__).with_name("pairs")
OF_PAIRS: Final = _FOLDER / "findings.json"
REPORTS: Final = Path(__file__).with_name("reports.json")
PAIRS: Final[list[Json]] = [
    json.loads(line) for path in sorted(_FOLDER.glob("*.jsonl")) for line in path.read_text().splitlines()
]
"""The pairs of `pairs/`, whose verdicts follow from the semantics of HTTP and JSON Schema."""


def pairs() -> dict[str, tuple[Json, Json]]:
    """The old and the new document of each example, and of the harmless change of a protocol example."""
    found = {}
    for name, example in PROTOCOL_EXAMPLES.items():
        found[name] = (example.old, example.new)
        found[f"{name}, harmless"] = (example.old, example.harmless)
    contexts = {change.name: [context for context in Context if change.occurs_in(context)] for change in CHANGES}
    for change, schemas in SCHEMA_EXAMPLES.items():
        for context in contexts[change]:
            old, new = (at(context, schema, **COMPONENTS) for schema in (schemas.old, schemas.new))
            found[f"{change}, {context.value}"] = (old, new)
    return found


def lines(report: Iterable[DiffFinding]) -> list[str]:
    """One line for each finding: severity, rule, operations, pointer and message."""
    return [
        f"{each.severity} {each.rule} | {', '.join(each.operations)} | {each.pointer} | {each.message}"
        for each in report
    ]


def found(old: Json, new: Json) -> Report:
    """The report about two documents, which stay as they are."""
    return diff(copy.deepcopy(old), copy.deepcopy(new))


def reports() -> dict[str, str]:
    """Each format of a report with every severity, of one with a repeated change, and of one without findings."""
    title = {"type": "string", "maxLength": 5}
    old = with_parameters(parameter("q", schema=title), parameter("r"), summary="Old.")
    new = with_parameters(parameter("q", schema={**title, "maxLength": 4}), parameter("s"), deprecated=True, tags=["t"])

    def repeated(limit: int) -> Json:
        paths = (with_parameters(parameter("q", schema={"type": "integer", "maximum": limit})) for _ in range(3))
        return {**old, "paths": {f"/p{number}": one["paths"]["/things"] for number, one in enumerate(paths)}}

    examples = {"mixed": (old, new), "repeated": (repeated(5), repeated(4)), "empty": (old, old)}
    return {
        f"{name}, {form}": write(found(*pair), "new file.json")
        for name, pair in examples.items()
        for form, write in FORMATS.items()
    }


def _write(path: Path, findings: Mapping[str, Json]) -> None:
    path.write_text(json.dumps(findings, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"Written: {path}\n")


if __name__ == "__main__":
    _write(RECORDED, {name: lines(found(*pair)) for name, pair in pairs().items()})
    _write(OF_PAIRS, {pair["name"]: lines(found(pair["old"], pair["new"])) for pair in PAIRS})
    _write(REPORTS, reports())
