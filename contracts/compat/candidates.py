"""Generates values at the boundaries of JSON Schemas, where a changed keyword accepts or rejects other values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, cycle, islice, zip_longest
from typing import Any, Final

from contracts.compat.samples import number_samples, string_samples

_SAME: Final = ("allOf", "anyOf", "oneOf")
_ONE: Final = ("not", "if", "then", "else")
_MAX_DEPTH: Final = 4
_MAX_ATOMS: Final = 150
_MAX_VALUES: Final = 4_000
_MAX_INSIDE: Final = 400
_MAX_SIZE: Final = 40_000
_MAX_WORK: Final = 400
_POOL: Final = 10
_PAIRED: Final = 6
_MAX_COUNT: Final = 40
_MAX_NAMES: Final = 200
_UNDECLARED: Final = "x-undeclared"
_ABSENT: Final = object()
_BASIC: Final[tuple[Any, ...]] = (None, True, False, 0, 1, -1, 0.5, "", "a", [], {})


class CandidateGenerator:
    """Generates values from schemas whose references lead to `definitions`."""

    def __init__(self, definitions: Mapping[str, Any], accept: Any) -> None:
        self._definitions = definitions
        # accept(schema, values) -> for each value, whether the schema accepts it.
        self._accept = accept
        self._pools: dict[tuple[int, ...], list[Any]] = {}
        self._work = 0

    def generate(self, schemas: Iterable[Any], depth: int = 0) -> list[Any]:
        """Values for a position at which the schemas apply, without duplicates."""
        atoms = list(islice(self._atoms(schemas), _MAX_ATOMS))
        found: dict[str, Any] = {}
        size = 0
        for value in islice(self._values(atoms, depth), _MAX_INSIDE if depth else _MAX_VALUES):
            size += len(value) if isinstance(value, dict) else 1
            if size > _MAX_SIZE:
                break
            found.setdefault(repr(value), value)
        return list(found.values())

    def _atoms(self, schemas: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
        """Yield the schema objects that apply to one value, through references and compositions."""
        queue, seen = list(schemas), set()
        while queue:
            schema = queue.pop(0)
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            yield schema
            if isinstance(reference := schema.get("$ref"), str):
                queue.append(self._definitions.get(reference.rpartition("/")[2]))
            for keyword in _SAME:
                queue += schema.get(keyword, ())
            queue += [schema.get(keyword) for keyword in _ONE]
            queue += schema.get("dependentSchemas", {}).values()

    def _values(self, atoms: list[Mapping[str, Any]], depth: int) -> Iterator[Any]:
        for atom in atoms:
            yield from atom.get("enum", ())
            if "const" in atom:
                yield atom["const"]
        yield from _BASIC
        yield from number_samples(atoms)
        yield from string_samples(atoms)
        if depth < _MAX_DEPTH:
            yield from self._arrays(atoms, depth)
            yield from self._objects(atoms, depth)

    def _pool(self, schemas: list[Any], depth: int) -> list[Any]:
        """Values for a position inside another value: some that all schemas accept, then some that only one accepts."""
        key = (depth, *sorted(map(id, schemas)))
        if key not in self._pools:
            self._work += 1 + len(schemas)
            # Beyond the budget, values inside others are simple ones.
            self._pools[key] = self._rank(schemas, _MAX_DEPTH if self._work > _MAX_WORK else depth)
        return self._pools[key]

    def _rank(self, schemas: list[Any], depth: int) -> list[Any]:
        values = self.generate(schemas, depth + 1)
        accepted = [self._accept(schema, values) for schema in schemas]
        groups: dict[tuple[bool, ...], list[Any]] = {}
        for index, value in enumerate(values):
            groups.setdefault(tuple(column[index] for column in accepted), []).append(value)
        everywhere = groups.pop((True,) * len(schemas), [])
        nowhere = groups.pop((False,) * len(schemas), [])
        # Values that different schemas accept take turns, so that each kind of value is among them.
        ordered = sorted(groups, key=sum, reverse=True)
        turns = zip_longest(*(groups[key] for key in ordered), fillvalue=_ABSENT)
        somewhere = [value for turn in turns for value in turn if value is not _ABSENT]
        return [*_spread(everywhere, _POOL), *somewhere[:_POOL], *nowhere[:2]]

    def _arrays(self, atoms: list[Mapping[str, Any]], depth: int) -> Iterator[Any]:
        keywords = ("items", "contains", "unevaluatedItems")
        inner = [atom[name] for atom in atoms for name in keywords if isinstance(atom.get(name), dict)]
        prefixes = [atom["prefixItems"] for atom in atoms if "prefixItems" in atom]
        if not inner and not prefixes and not any("Items" in name or "Contains" in name for a in atoms for name in a):
            return
        pool = self._pool(inner, depth)
        counts = {0, 1, 2, 3}
        for atom in atoms:
            for name in ("minItems", "maxItems", "minContains", "maxContains"):
                if isinstance(atom.get(name), int):
                    counts |= {atom[name] - 1, atom[name], atom[name] + 1}
        counts |= {len(prefix) + step for prefix in prefixes for step in (-1, 0, 1)}
        longest = max(map(len, prefixes), default=0)
        at = [self._pool([prefix[i] for prefix in prefixes if i < len(prefix)], depth) for i in range(longest)]
        for count in sorted(one for one in counts if 0 <= one <= _MAX_COUNT):
            head = [values[0] for values in at[:count] if values]
            yield [*head, *islice(cycle(pool or [None]), count - len(head))] if count >= len(head) else head
            for value in pool:
                yield [*head, *[value] * (count - len(head))]
                yield [value] * count
            for index, values in enumerate(at[:count]):
                for value in values:
                    tail = [pool[0]] * (count - len(head)) if pool else []
                    yield [*head[:index], value, *head[index + 1 :], *tail]
            yield from ([value] * count for values in at[:1] for value in values)
        mixed = [*pool[:2], *_spread(pool[2:-2], _PAIRED), *pool[2:][-2:]]
        yield from self._distinct([values[0] for values in at if values], mixed)
        for one, other in combinations(mixed, 2):
            yield from ([one, other], [one, one, other], [one, other, other])

    def _distinct(self, head: list[Any], items: list[Any]) -> Iterator[Any]:
        """Yield lists without duplicates, with and without the items at fixed places."""
        for count in (2, 3):
            for chosen in combinations(items, count):
                yield [*head, *chosen]
                yield list(chosen)

    def _objects(self, atoms: list[Mapping[str, Any]], depth: int) -> Iterator[Any]:
        declared = {name: _schemas_of(name, atoms) for name in _property_names(atoms)}
        # Fields whose schemas differ come first: only their values can tell the schemas apart.
        names = sorted(declared, key=lambda name: all(one == declared[name][0] for one in declared[name]))
        restricted = any(name.endswith("Properties") or name.startswith("required") for atom in atoms for name in atom)
        if not names and not restricted:
            return
        pools = {name: self._pool(declared[name], depth) for name in names[:_MAX_NAMES]}
        first = {name: pool[0] for name, pool in pools.items() if pool}
        required = [dict.fromkeys(atom.get("required", ())) for atom in atoms]
        bases = [{name: first.get(name) for name in one} for one in required]
        bases += [{name: first[name] for name in atom.get("properties", {}) if name in first} for atom in atoms]
        bases += [first, {name: first.get(name) for one in required for name in one}]
        bases = [base for index, base in enumerate(bases) if base not in bases[:index]][:12]
        yield from bases
        constant = list(self._constant_bases(atoms, first))
        yield from constant
        bases += constant
        for base in bases:
            for name, pool in pools.items():
                yield {key: value for key, value in base.items() if key != name}
                for value in pool:
                    yield {**base, name: value}
        for name, pool in pools.items():
            for value in pool:
                yield {name: value}
        for one, other in combinations(list(first)[:8], 2):
            yield {one: first[one], other: first[other]}
        yield from self._sized(atoms, first, bases)
        yield from self._undeclared(atoms, [*bases[:6], {}], depth)

    def _constant_bases(self, atoms: list[Mapping[str, Any]], first: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield objects with the constants of one schema, since constants tell variants apart."""
        for atom in atoms:
            fixed = {
                name: schema["const"] if "const" in schema else schema["enum"][0]
                for name, schema in atom.get("properties", {}).items()
                if isinstance(schema, dict) and ("const" in schema or schema.get("enum"))
            }
            own = {name: first[name] for name in atom.get("properties", {}) if name in first}
            if fixed:
                for base in (own, first, {name: first.get(name) for name in atom.get("required", ())}):
                    yield {**base, **fixed}

    def _undeclared(self, atoms: list[Mapping[str, Any]], bases: list[Any], depth: int) -> Iterator[Any]:
        keywords = ("additionalProperties", "unevaluatedProperties")
        rest = [atom[key] for atom in atoms for key in keywords if isinstance(atom.get(key), dict)]
        for value in self._pool(rest, depth) if rest else (1, "a"):
            yield from ({**base, _UNDECLARED: value} for base in bases)

    def _sized(self, atoms: list[Mapping[str, Any]], first: dict[str, Any], bases: list[Any]) -> Iterator[Any]:
        sizes = set()
        for atom in atoms:
            for name in ("minProperties", "maxProperties"):
                if isinstance(atom.get(name), int):
                    sizes |= {atom[name] - 1, atom[name], atom[name] + 1}
        filler = next(iter(first.values()), 1)
        for size in sorted(one for one in sizes if 0 <= one <= _MAX_COUNT):
            for base in (*bases, {}):
                names = [*base, *(name for name in first if name not in base)]
                names += [f"{_UNDECLARED}-{number}" for number in range(size)]
                yield {name: base.get(name, first.get(name, filler)) for name in names[:size]}


def _spread(values: list[Any], count: int) -> list[Any]:
    """Some values of a list from its begin to its end, so that every kind of value is among them."""
    if len(values) <= count:
        return values
    half = count // 2
    step = max(1, (len(values) - half) // (count - half))
    return [*values[:half], *values[half::step][: count - half]]


def _property_names(atoms: list[Mapping[str, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for atom in atoms:
        names |= dict.fromkeys(name for name in atom.get("required", ()) if isinstance(name, str))
        for keyword in ("properties", "dependentSchemas", "dependentRequired"):
            names |= dict.fromkeys(atom.get(keyword, {}))
        for needed in atom.get("dependentRequired", {}).values():
            names |= dict.fromkeys(name for name in needed if isinstance(name, str))
        rules = [{"pattern": pattern} for pattern in atom.get("patternProperties", {})]
        if isinstance(inner := atom.get("propertyNames"), dict):
            rules.append(inner)
            names |= dict.fromkeys(one for one in inner.get("enum", ()) if isinstance(one, str))
        for rule in rules:
            names |= dict.fromkeys(islice(string_samples([rule]), 8))
    return list(names)


def _schemas_of(name: str, atoms: list[Mapping[str, Any]]) -> list[Any]:
    found = [atom["properties"][name] for atom in atoms if name in atom.get("properties", {})]
    for atom in atoms:
        found += [schema for pattern, schema in atom.get("patternProperties", {}).items() if _matches(pattern, name)]
    return [schema for schema in found if isinstance(schema, dict)]


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True
