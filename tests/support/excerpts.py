"""Excerpts of a contract."""

import copy
import json
import re

from tests.support.operations import Document


def excerpt(doc: Document, *paths: str) -> Document:
    """Some paths of a contract with all that they refer to: programs take many times as long for a whole one."""
    doc = copy.deepcopy(doc)
    doc.pop("webhooks", None)
    doc["paths"] = {path: doc["paths"][path] for path in paths}
    operations = [operation for item in doc["paths"].values() for operation in item.values()]
    tags = {tag for operation in operations for tag in operation["tags"]}
    doc["tags"] = [tag for tag in doc["tags"] if tag["name"] in tags]
    schemes = {name for operation in operations for one in operation.get("security", ()) for name in one}
    components = doc.pop("components")
    doc["components"] = {"securitySchemes": {name: components["securitySchemes"][name] for name in schemes}}
    waiting = _references_in(doc)
    while waiting:
        kind, name = waiting.pop()
        kept = doc["components"].setdefault(kind, {})
        if name not in kept:
            kept[name] = components[kind][name]
            waiting |= _references_in(kept[name])
    return doc


def _references_in(part: Document) -> set[tuple[str, str]]:
    return set(re.findall(r'"#/components/(\w+)/([^"/]+)"', json.dumps(part)))
