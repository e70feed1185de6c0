"""Compares the form of values in XML: names, namespaces, attributes and wrappers."""

from contracts.compat.findings import DiffFinding
from contracts.compat.normalized_schema import NormalizedSchema
from contracts.compat.pair import PairResult
from contracts.compat.registry import registry


def compare_xml(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    """Compare the `xml` objects of two schemas, whose absent members have the defaults of OpenAPI."""
    before, after = _form(old, result.pair.old.label), _form(new, result.pair.new.label)
    if before != after:
        rule = registry()["xml-form-changed"]
        pointer = new.pointer if new.xml is None else new.xml.pointer
        label = result.pair.new.label or result.pair.old.label
        message = rule.message(what=f"`{label}`", old=before, new=after)
        result.findings.append(DiffFinding(rule.id, rule.severity, pointer, "", message))


def _form(normalized: NormalizedSchema, label: str) -> str:
    is_list = normalized.types <= {"array", "null"}
    xml = {} if normalized.xml is None else normalized.xml.mapping
    node = str(xml.get("nodeType") or ("attribute" if xml.get("attribute") is True else "element"))
    wrapped = xml.get("wrapped") is True
    if is_list and not wrapped:
        return "a list without an element of its own"
    name = str(xml.get("name") or (normalized.name if label == "the body" else label) or "unnamed")
    namespace = f" in the namespace {xml['namespace']}" if xml.get("namespace") else ""
    return f"the {node} `{name}`{namespace}"
