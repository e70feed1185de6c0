"""Compares the fields of objects and the items of arrays."""

import re
from typing import Final

from contracts.compat.catalogue.change import Context
from contracts.compat.document import Node
from contracts.compat.engine import Engine
from contracts.compat.normalized_schema import ANYTHING, NormalizedSchema, Part, Schema
from contracts.compat.normalizer import SchemaNormalizer
from contracts.compat.pair import PairResult
from contracts.compat.pointers import ITEM, UNNAMED, join
from contracts.compat.sunset import SunsetPhase, sunset_phase

# Only a schema with one of these can be marked as `readOnly` or `writeOnly`.
_HIDES: Final = frozenset({"readOnly", "writeOnly", "$ref", "allOf", "anyOf", "oneOf"})
_TEXT: Final = {"type": "string"}


def compare_objects(engine: Engine, result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    """Compare the properties of two objects."""
    context = result.pair.context
    before = _visible_properties(engine.old, context, old)
    after = _visible_properties(engine.new, context, new)
    for name, schema in before.items():
        if name in after:
            if not engine.is_same(schema, after[name]):
                present = name in old.required and name in new.required
                present |= not engine.has_default(schema, after[name])
                result.add_child(schema, after[name], step=join("", name), present=present)
            _compare_required(result, name, old, new)
        else:
            _compare_only_old(engine, result, name, old, new)
    for name, schema in after.items():
        if name not in before:
            _compare_only_new(engine, result, name, schema, old, new)
    declared = before.keys() | after.keys() | old.properties.keys() | new.properties.keys()
    for name in sorted((old.required.keys() | new.required.keys()) - declared):
        _compare_required(result, name, old, new)
    _compare_additional_properties(result, old, new)
    _compare_pattern_properties(result, old, new)
    _compare_dependent_required(result, old, new)


def _compare_dependent_required(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    for (name, other), pointer in new.dependent_required.items():
        if (name, other) not in old.dependent_required:
            result.report("dependent-property-required", pointer, old=f"`{name}`", new=f"`{other}`")
    for (name, other), pointer in old.dependent_required.items():
        if (name, other) not in new.dependent_required:
            result.report("dependent-property-optional", pointer, old=f"`{name}`", new=f"`{other}`")


def _compare_only_old(
    engine: Engine, result: PairResult, name: str, old: NormalizedSchema, new: NormalizedSchema
) -> None:
    """Compare a field with what the new schema allows under its name, or report that it is removed."""
    schema = old.properties[name]
    if name not in new.properties and (rule := _schema_for_any(name, new)) is not None:
        result.add_child(schema, Schema(rule.parts, name, rule.types), step=join("", name))
        _compare_required(result, name, old, new)
    elif engine.old.normalize(schema).types:
        result.removed |= {part.node.pointer for part in schema.parts}
        _report_removed(engine, result, name, old, new)
    elif new.additional is not False:
        result.add_child(schema, Schema.of(Node(ANYTHING.value, schema.pointer), name), step=join("", name))


def _compare_only_new(
    engine: Engine, result: PairResult, name: str, schema: Schema, old: NormalizedSchema, new: NormalizedSchema
) -> None:
    """Compare a field with what the old schema allowed under its name, or report that it is new."""
    if name not in old.properties and (rule := _schema_for_any(name, old)) is not None:
        result.add_child(Schema(rule.parts, name, rule.types), schema, step=ITEM, certain=False)
        _compare_required(result, name, old, new)
    elif engine.new.normalize(schema).types:
        result.added |= {part.node.pointer for part in schema.parts}
        _report_added(result, name, schema, old, new)
    elif old.additional is not False:
        result.add_child(Schema.of(Node(ANYTHING.value, schema.pointer), name), schema, step=UNNAMED)


def compare_arrays(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    """Compare the items of two arrays: `prefixItems` by position, the others as one schema."""
    for index in range(max(len(old.prefix), len(new.prefix))):
        before = old.prefix[index] if index < len(old.prefix) else old.items
        after = new.prefix[index] if index < len(new.prefix) else new.items
        _compare_items(result, before, after, f"item {index}", UNNAMED, old, new)
    if old.items is not None or new.items is not None:
        label = f"each item of {result.pair.new.label or 'the list'}"
        _compare_items(result, old.items, new.items, label, ITEM, old, new)


def _compare_items(
    result: PairResult,
    before: Schema | None,
    after: Schema | None,
    label: str,
    step: str,
    old: NormalizedSchema,
    new: NormalizedSchema,
) -> None:
    items = _schema_or_anything(before, label, old), _schema_or_anything(after, label, new)
    certain = not old.prefix and not new.prefix
    result.add_child(*items, step=step, present=True, certain=certain)


def _schema_or_anything(schema: Schema | None, label: str, normalized: NormalizedSchema) -> Schema:
    if schema is None:
        return Schema.of(Node(ANYTHING.value, normalized.pointer), label)
    return Schema(schema.parts, label, schema.types, schema.name)


def _visible_properties(
    normalizer: SchemaNormalizer, context: Context, normalized: NormalizedSchema
) -> dict[str, Schema]:
    """The properties that are transferred: requests have no `readOnly` ones, responses no `writeOnly` ones."""
    return {
        name: schema for name, schema in normalized.properties.items() if not _is_hidden(context, normalizer, schema)
    }


def _schema_for_any(name: str, normalized: NormalizedSchema) -> Schema | None:
    """The schema of a field that is not declared by its name: of a pattern, or of all other fields."""
    for pattern, schema in normalized.pattern_properties.items():
        try:
            if re.search(pattern, name):
                return schema
        except re.error:
            continue
    return normalized.additional if isinstance(normalized.additional, Schema) else None


def _is_hidden(context: Context, normalizer: SchemaNormalizer, schema: Schema) -> bool:
    if all(_HIDES.isdisjoint(part.node.mapping) for part in schema.parts):
        return False
    normalized = normalizer.normalize(schema)
    return normalized.read_only if context.client_sends else normalized.write_only


def _compare_required(result: PairResult, name: str, old: NormalizedSchema, new: NormalizedSchema) -> None:
    if name in new.required and name not in old.required:
        result.report("property-became-required", new.required[name], what=name)
    elif name in old.required and name not in new.required:
        pointer = new.properties[name].pointer if name in new.properties else old.required[name]
        result.report("property-became-optional", pointer, what=name)


def _report_removed(
    engine: Engine, result: PairResult, name: str, old: NormalizedSchema, new: NormalizedSchema
) -> None:
    if name in new.properties:
        change = "property-became-read-only" if result.pair.context.client_sends else "property-became-write-only"
        result.report(change, new.properties[name].pointer, what=name)
        return
    normalized = engine.old.normalize(old.properties[name])
    change = {
        SunsetPhase.BEFORE_SUNSET: "property-removed-before-sunset",
        SunsetPhase.AFTER_SUNSET: "property-removed-after-sunset",
    }.get(sunset_phase(normalized.deprecated, normalized.sunset, engine.today), "property-removed")
    # Whether the member is rejected from now on, and not ignored.
    rejected = new.additional is False
    result.report(change, old.properties[name].pointer, what=name, values=(None, rejected), old=normalized.sunset)


def _report_added(result: PairResult, name: str, schema: Schema, old: NormalizedSchema, new: NormalizedSchema) -> None:
    if name in new.required and name not in old.required:
        result.report("required-property-added", schema.pointer, what=name)
    elif name in old.properties:
        change = "property-became-writable" if result.pair.context.client_sends else "property-became-readable"
        result.report(change, schema.pointer, what=name)
    else:
        result.report("property-added", schema.pointer, what=name)


def _compare_additional_properties(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    before, after = old.additional, new.additional
    pointer = new.additional_pointer or new.pointer
    if isinstance(before, Schema) and isinstance(after, Schema):
        result.add_child(before, after, step=ITEM, certain=not old.pattern_properties)
    elif isinstance(before, Schema):
        change = "additional-properties-untyped" if after else "map-values-removed"
        result.report(change, pointer)
    elif isinstance(after, Schema):
        change = "additional-properties-typed" if before else "additional-properties-opened"
        result.report(change, pointer)
    elif before != after:
        change = "additional-properties-opened" if after else "additional-properties-closed"
        added = sorted(new.properties.keys() - old.properties.keys())
        result.report(change, pointer, values=(None, added))


def _compare_pattern_properties(result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    for pattern, schema in old.pattern_properties.items():
        if pattern in new.pattern_properties:
            result.add_child(schema, new.pattern_properties[pattern], step=ITEM, certain=False)
        else:
            result.report("pattern-property-removed", schema.pointer, old=pattern)
    for pattern, schema in new.pattern_properties.items():
        if pattern not in old.pattern_properties:
            result.report("pattern-property-added", schema.pointer, new=pattern)
    if old.property_names is not None or new.property_names is not None:
        before, after = (
            _property_name_schema(schema, normalized)
            for schema, normalized in ((old.property_names, old), (new.property_names, new))
        )
        result.add_child(before, after, step=UNNAMED)


def _property_name_schema(schema: Schema | None, normalized: NormalizedSchema) -> Schema:
    """The schema of property names, which are strings even if `propertyNames` declares no type."""
    text = Part(Node(_TEXT, normalized.pointer))
    if schema is None:
        return Schema((text,), "the names")
    return Schema((*schema.parts, text), schema.label, schema.types, schema.name)
