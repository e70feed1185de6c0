"""Random schemas, random changes of them, and values to tell the schemas apart."""

import copy
import random
from typing import Any

Json = Any
_SMALL: tuple[Json, ...] = (None, True, False, 0, 1, 2, 3, 5, -1, 1.5, "", "a", "b", "ab", "abc", "1", [], {}, [1])
_LARGE: tuple[Json, ...] = (4, 6, 7, 10, 11, -2, 0.5, 2.5, 5.5, 2**31, 2**31 - 1, "bbbb", "aaaaaa", "12", "x-1")
_TEXTS = ("a", "b", "ab", "abc", "bbbb", "", "1", "12", "x-1")
_PATTERNS = ("^a", "b$", "^[ab]+$", "^\\d+$")
_NAMES = ("p", "q")
# Their values map names to schemas, or are no schemas.
_NO_SCHEMAS = frozenset({"properties", "dependentRequired", "dependentSchemas", "patternProperties"})
_PLAIN = frozenset({"enum", "const", "required", "type", "dependentRequired"})


class SchemaGenerator:
    """Generates schemas of every keyword whose meaning JSON Schema defines, and changes them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible

    def schema(self, depth: int = 2) -> Json:
        """A schema with compositions of at most this depth."""
        chance = self._random.random()
        if depth <= 0 or chance < 0.45:
            return self._scalar()
        if chance < 0.6:
            return self._array(depth)
        if chance < 0.75:
            return self._object(depth)
        return self._composition(depth)

    def change(self, schema: Json) -> Json:
        """A copy in which one keyword or one schema below it differs."""
        changed = copy.deepcopy(schema)
        places = [place for place in _places(changed) if not place or place[-1] not in _NO_SCHEMAS]
        place = self._random.choice([one for one in places if isinstance(_at(changed, one), dict)])
        target, other, chance = _at(changed, place), self.schema(1), self._random.random()
        removable = sorted(target.keys() - _NO_SCHEMAS)
        if chance < 0.3 and removable:
            del target[self._random.choice(removable)]
        elif chance < 0.7:
            target |= {name: one for name, one in other.items() if name not in {"type", "properties"}}
        elif place:
            _at(changed, place[:-1])[place[-1]] = other
        else:
            return other
        return changed

    def values(self, count: int) -> list[Json]:
        """Values of each type, and random lists and objects of them."""
        chosen = self._random
        lists = [[chosen.choice(_SMALL) for _ in range(chosen.randint(1, 3))] for _ in range(count)]
        objects = [
            {name: chosen.choice(_SMALL) for name in (*_NAMES, "xa") if chosen.random() < 0.6} for _ in range(count)
        ]
        return [*_SMALL, *_LARGE, *lists, *objects]

    def _some(self, options: dict[str, tuple[Json, ...]], chance: float = 0.25) -> Json:
        return {name: self._random.choice(each) for name, each in options.items() if self._random.random() < chance}

    def _scalar(self) -> Json:
        numbers = {
            "minimum": (0, 1, 1.5, 5, -2),
            "maximum": (0, 5, 5.5, 10),
            "exclusiveMinimum": (0, 1, 0.5),
            "exclusiveMaximum": (5, 10, 10.5),
            "multipleOf": (1, 2, 0.5, 3),
        }
        texts = {"minLength": (0, 1, 2, 3), "maxLength": (1, 2, 5), "pattern": _PATTERNS}
        words = {"enum": tuple(self._random.sample(_TEXTS, size) for size in (1, 2, 4))}
        return self._random.choice(
            [
                {"type": "integer", **self._some(numbers)},
                {"type": "number", **self._some(numbers)},
                {"type": "string", **self._some(texts), **self._some(words)},
                {"enum": self._random.sample(_SMALL, self._random.randint(1, 5))},
                {"const": self._random.choice(_SMALL)},
                {"type": "boolean"},
                {"type": ["string", "null"]},
                {"type": "null"},
                {},
            ]
        )

    def _array(self, depth: int) -> Json:
        found = {"type": "array", **self._some({"minItems": (0, 1, 2), "maxItems": (0, 1, 3), "uniqueItems": (True,)})}
        found |= self._some({"items": (self.schema(depth - 1), self.schema(depth - 1), False)}, 0.6)
        found |= self._some({"prefixItems": ([self.schema(depth - 1)], [self.schema(0), self.schema(0)])}, 0.3)
        if self._random.random() < 0.25:
            found["contains"] = self.schema(0)
            found |= self._some({"minContains": (0, 1, 2), "maxContains": (1, 2)}, 0.4)
        return found

    def _object(self, depth: int) -> Json:
        found = {"type": "object", "properties": {name: self.schema(depth - 1) for name in _NAMES}}
        found |= self._some({"required": (["p"], ["q"], ["p", "q"])}, 0.5)
        return found | self._some(
            {
                "minProperties": (0, 1, 2),
                "maxProperties": (1, 2, 3),
                "additionalProperties": (False, self.schema(0)),
                "dependentRequired": ({"p": ["q"]},),
                "dependentSchemas": ({"p": {"required": ["q"]}}, {"p": {"properties": {"q": self.schema(0)}}}),
                "propertyNames": ({"maxLength": 1}, {"pattern": "^[a-z]$"}),
                "patternProperties": ({"^x": self.schema(0)},),
            },
            0.12,
        )

    def _composition(self, depth: int) -> Json:
        keyword = self._random.choice(["anyOf", "oneOf", "allOf", "not", "if"])
        if keyword == "not":
            return {"not": self.schema(depth - 1), **self._some({"type": ("string", "integer")}, 0.6)}
        if keyword == "if":
            then = {"then": (self.schema(depth - 1),), "else": (self.schema(depth - 1),)}
            return {"if": self.schema(depth - 1), **self._some(then, 0.6)}
        variants = [self.schema(depth - 1) for _ in range(self._random.randint(1, 3))]
        return {keyword: variants, **self._some({"minimum": (1,), "maxLength": (2,), "type": ("string",)}, 0.1)}


def _places(schema: Json, start: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [start]
    if isinstance(schema, dict):
        inner = [(name, one) for name, one in schema.items() if name not in _PLAIN]
    else:
        inner = list(enumerate(schema)) if isinstance(schema, list) else []
    for name, one in inner:
        found += _places(one, (*start, name))
    return found


def _at(schema: Json, place: tuple[Any, ...]) -> Json:
    for name in place:
        schema = schema[name]
    return schema
