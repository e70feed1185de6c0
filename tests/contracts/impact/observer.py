"""Summarises JSON bodies by the members that a schema declares: a second, simple implementation of the evidence."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Summary, UsageEvidence, hash_name
from contracts.compat.impact.summary import rounded
from contracts.compat.texts import json_key

Json = Any
KEY = b"a key"
OPERATION = "POST /things"


def type_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if float(value).is_integer() else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def summarise(bodies: Sequence[Json], schema: Json) -> dict[str, Summary]:
    """The summaries of bodies by element."""
    found: dict[str, Summary] = defaultdict(Summary)
    for body in bodies:
        for element, summary in _walk("body", body, schema):
            found[element] = found[element].merged(summary)
    return dict(found)


def _walk(element: str, value: Json, schema: Json) -> Iterator[tuple[str, Summary]]:
    yield element, _summary(value, schema)
    below = element if ":" in element else f"{element}:"
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from _walk(f"{below}/{name}", value[name], inner)
            else:
                yield f"{below}/{name}", Summary(possible=1, possible_random=1)
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _walk(f"{below}/*", item, schema["items"])


def _summary(value: Json, schema: Json) -> Summary:
    members: dict[str, Any] = {"possible": 1, "possible_random": 1, "present": 1, "present_random": 1}
    if value is None:
        return Summary(**members, null=1)
    kind = type_of(value)
    members["types"] = {kind: 1}
    if kind in {"integer", "number"}:
        members["number"] = rounded(value, value)
    name = {"string": "length", "array": "items", "object": "members"}.get(kind)
    if name:
        members[name] = (len(value), len(value))
    if kind == "array":
        members["unique_violations"] = int(max(Counter(map(json_key, value)).values(), default=0) > 1)
    if kind == "object":
        unknown = [one for one in value if one not in schema.get("properties", {})]
        members["unknown"] = {hash_name(KEY, one): 1 for one in unknown}
    listed = {json_key(one) for one in schema.get("enum", ())}
    if kind == "boolean":
        listed |= {"true", "false"}
    if listed:
        text = json_key(value)
        members |= {"values": {text: 1}} if text in listed else {"other_values": 1}
    return Summary(**members)


def evidence_of(consumers: Mapping[str, Sequence[Json]], schema: Json) -> UsageEvidence:
    """The evidence of consumers that sent bodies to one operation, all of them observed."""
    return UsageEvidence(
        since="2026-10-30",
        until="2026-11-29",
        names_key=KEY.hex(),
        consumers=tuple(
            ConsumerEvidence(
                name,
                (
                    OperationEvidence(
                        "v901",
                        OPERATION,
                        requests=len(bodies),
                        observed=len(bodies),
                        random=len(bodies),
                        elements=summarise(bodies, schema),
                    ),
                ),
            )
            for name, bodies in consumers.items()
        ),
    )
