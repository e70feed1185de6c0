"""Finds the responses that contain a schema.

A comparison reports a list whose envelope is replaced as one change, so it has no findings about the items. Their
changes are reported where an operation returns one item.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.compat import DiffFinding
from contracts.guide.pairing import Json, Pairing, operations

_REFERENCE: Final = re.compile(r'"\$ref": "#/components/(schemas|responses)/([^"]+)"')
_SCHEMA: Final = re.compile(r"/components/schemas/([^/]+)/")
Returning = Mapping[str, list[tuple[str, str]]]
"""Operation and status of the successful responses that contain a schema, by its name."""


def responses_with_schemas(document: Json) -> Returning:
    """The successful responses of a document by the schemas that they contain."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            for schema in _schemas(response, document) if status.startswith("2") else ():
                found[schema].append((name, status))
    return found


def old_schema(finding: DiffFinding, pairing: Pairing, old: Json) -> str | None:
    """The schema of the old document that a finding is about; None if it is about no named schema."""
    found = _SCHEMA.match(finding.pointer)
    if found is None:
        return None
    name = found[1]
    known = [one for one, successor in pairing.schemas.items() if successor == name and _exists(one, finding, old)]
    return known[0] if known else name


def _exists(schema: str, finding: DiffFinding, old: Json) -> bool:
    """Several schemas can have one successor: the one that has the member is meant."""
    _, properties, member = finding.pointer.partition("/properties/")
    return not properties or member.split("/")[0] in old["components"]["schemas"][schema].get("properties", {})


def _schemas(response: Any, document: Json) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    waiting = [response]
    while waiting:
        for kind, name in _REFERENCE.findall(json.dumps(waiting.pop())):
            if (kind, name) not in seen:
                seen.add((kind, name))
                waiting.append(document["components"][kind][name])
                if kind == "schemas":
                    yield name
