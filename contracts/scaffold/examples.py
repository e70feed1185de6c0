"""Example requests of an operation, from the examples of its document."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from versions.kit.version import ApiVersion

_PYTHON: Final = "response = {client}.{method}({arguments})\nprint(response.status_code, response.text)"


def request_of(
    version: ApiVersion, name: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, str]:
    """Returns the request as HTTP and as Python. ``name`` is that of an operation: ``GET /posts``."""
    method, _, template = name.partition(" ")
    parameters = [_resolved(one, document) for one in operation.get("parameters", ())]
    values = {one["name"]: _example(one["schema"], document) for one in parameters if one["in"] == "path"}
    path = re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), template)
    lines = [f"{method} {version.prefix}{path}", "Authorization: Bearer $TOKEN"]
    arguments = [json.dumps(path)]
    content = operation.get("requestBody", {}).get("content", {})
    if content:
        media_type = "application/json" if "application/json" in content else next(iter(content))
        body = _example(content[media_type]["schema"], document)
        # curl is generated from the request: its body is one line without apostrophes.
        text = json.dumps(body, ensure_ascii=True).replace("'", "")
        lines += [f"Content-Type: {media_type}", "", text]
        headers = json.dumps({"Content-Type": media_type})
        arguments += [f"content={json.dumps(text)}", f"headers={headers}"]
    code = _PYTHON.format(client=version.name, method=method.lower(), arguments=", ".join(arguments))
    return {"http": "\n".join(lines), "python": code}


def _resolved(node: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(found, document)


def _example(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The first example of a schema, or one built from those of its parts."""
    whole = {**_resolved(schema, document), **schema}
    if "examples" in whole:
        return whole["examples"][0]
    if "enum" in whole:
        return whole["enum"][0]
    for keyword in ("anyOf", "oneOf"):
        if keyword in whole:
            return _example(whole[keyword][0], document)
    if whole.get("type") == "array":
        return [_example(whole["items"], document)]
    if whole.get("type") == "object":
        return {name: _example(part, document) for name, part in whole.get("properties", {}).items()}
    return whole.get("const", whole.get("default", whole.get("minimum")))
