"""Compares the fields of objects and the items of arrays."""

from typing import Final

from contracts.compat.catalogue.schemas import Place
from contracts.compat.document import Site
from contracts.compat.engine import Engine, Entry, Pair, tell
from contracts.compat.sunset import Phase, phase
from contracts.compat.normalizer import Reader
from contracts.compat.normalized_schema import ANYTHING, Node, Part, Shape


def compare_objects(engine: Engine, pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    """The fields of two objects."""
    before, after = _visible(engine.old, pair.place, old), _visible(engine.new, pair.place, new)
    for name, node in before.items():
        if name in after:
            entry.below.append(Pair(node, after[name], pair.place))
            _requiredness(pair, entry, name, old, new)
        else:
            _removed(engine, pair, entry, name, old, new)
    for name, node in after.items():
        if name not in before:
            _added(pair, entry, name, node, old, new)
    declared = before.keys() | after.keys() | old.properties.keys() | new.properties.keys()
    for name in sorted((old.required.keys() | new.required.keys()) - declared):
        _requiredness(pair, entry, name, old, new)
    _additional(pair, entry, old, new)
    _patterned(pair, entry, old, new)
    for (name, other), pointer in new.dependent_required.items():
        if (name, other) not in old.dependent_required:
            tell(entry, pair, "dependent-property-required", pointer, old=f"`{name}`", new=f"`{other}`")
    for (name, other), pointer in old.dependent_required.items():
        if (name, other) not in new.dependent_required:
            tell(entry, pair, "dependent-property-optional", pointer, old=f"`{name}`", new=f"`{other}`")


def compare_arrays(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    """The items of two arrays, position by position where they have positions."""
    for index in range(max(len(old.prefix), len(new.prefix))):
        before = old.prefix[index] if index < len(old.prefix) else old.items
        after = new.prefix[index] if index < len(new.prefix) else new.items
        _child(pair, entry, before, after, f"item {index}", old, new)
    if old.items is not None or new.items is not None:
        _child(pair, entry, old.items, new.items, f"each item of {pair.new.label or 'the list'}", old, new)


def _child(
    pair: Pair, entry: Entry, before: Node | None, after: Node | None, label: str, old: Shape, new: Shape
) -> None:
    entry.below.append(Pair(_or_anything(before, label, old), _or_anything(after, label, new), pair.place))


def _or_anything(node: Node | None, label: str, shape: Shape) -> Node:
    if node is None:
        return Node.of(Site(ANYTHING.value, shape.pointer), label)
    return Node(node.parts, label, node.only, node.hint)


def _visible(reader: Reader, place: Place, shape: Shape) -> dict[str, Node]:
    """The fields that cross the wire here: what only the server sets is not sent, what is only written not returned."""
    return {name: node for name, node in shape.properties.items() if not _hidden(place, reader.shape(node))}


def _hidden(place: Place, shape: Shape) -> bool:
    return shape.read_only if place.sent else shape.write_only


def _requiredness(pair: Pair, entry: Entry, name: str, old: Shape, new: Shape) -> None:
    if name in new.required and name not in old.required:
        tell(entry, pair, "property-became-required", new.required[name], what=name)
    elif name in old.required and name not in new.required:
        pointer = new.properties[name].pointer if name in new.properties else old.required[name]
        tell(entry, pair, "property-became-optional", pointer, what=name)


def _removed(engine: Engine, pair: Pair, entry: Entry, name: str, old: Shape, new: Shape) -> None:
    if name in new.properties:
        change = "property-became-read-only" if pair.place.sent else "property-became-write-only"
        tell(entry, pair, change, new.properties[name].pointer, what=name)
        return
    shape = engine.old.shape(old.properties[name])
    change = {
        Phase.ANNOUNCED: "property-removed-before-sunset",
        Phase.OVER: "property-removed-after-sunset",
    }.get(phase(shape.deprecated, shape.sunset, engine.today), "property-removed")
    tell(entry, pair, change, old.properties[name].pointer, what=name, old=shape.sunset)


def _added(pair: Pair, entry: Entry, name: str, node: Node, old: Shape, new: Shape) -> None:
    if name in new.required and name not in old.required:
        tell(entry, pair, "required-property-added", node.pointer, what=name)
    elif name in old.properties:
        change = "property-became-writable" if pair.place.sent else "property-became-readable"
        tell(entry, pair, change, node.pointer, what=name)
    else:
        tell(entry, pair, "property-added", node.pointer, what=name)


def _additional(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    before, after = old.additional, new.additional
    pointer = new.additional_pointer or new.pointer
    if isinstance(before, Node) and isinstance(after, Node):
        entry.below.append(Pair(before, after, pair.place))
    elif isinstance(before, Node):
        change = "additional-properties-untyped" if after else "map-values-removed"
        tell(entry, pair, change, pointer)
    elif isinstance(after, Node):
        change = "additional-properties-typed" if before else "additional-properties-opened"
        tell(entry, pair, change, pointer)
    elif before != after:
        tell(entry, pair, "additional-properties-opened" if after else "additional-properties-closed", pointer)


def _patterned(pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    for pattern, node in old.pattern_properties.items():
        if pattern in new.pattern_properties:
            entry.below.append(Pair(node, new.pattern_properties[pattern], pair.place))
        else:
            tell(entry, pair, "pattern-property-removed", node.pointer, old=pattern)
    for pattern, node in new.pattern_properties.items():
        if pattern not in old.pattern_properties:
            tell(entry, pair, "pattern-property-added", node.pointer, new=pattern)
    if old.property_names is not None or new.property_names is not None:
        names = [_of_text(node, shape) for node, shape in ((old.property_names, old), (new.property_names, new))]
        entry.below.append(Pair(names[0], names[1], pair.place))


def _of_text(node: Node | None, shape: Shape) -> Node:
    """What names must look like; they are text, whether a schema says so or not."""
    text = Part(Site(_TEXT, shape.pointer))
    return Node((text,), "the names") if node is None else Node((*node.parts, text), node.label, node.only, node.hint)


_TEXT: Final = {"type": "string"}
