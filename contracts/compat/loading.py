"""Reads an OpenAPI document from a JSON or YAML file. Each error is one line that names the cause."""

import json
import math
import re
from pathlib import Path
from typing import Any, Final

import yaml

_MAX_BYTES: Final = 64 * 2**20
_MAX_NODES: Final = 3_000_000
_MAX_DEPTH: Final = 200
_CONTAINERS: Final = (dict, list)

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]  # the Python version of the same class


class NotOpenAPI(Exception):
    """The document is unreadable, or not an OpenAPI 3 document."""


class _Loader(_SafeLoader):
    """Loads the core types of YAML 1.2 only: `no` and dates are strings. Rejects duplicate keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - overrides an attribute of PyYAML


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("tag:yaml.org,2002:merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise NotOpenAPI(f"line {key.start_mark.line + 1}: a key must be a scalar")
        if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
            raise NotOpenAPI(f"line {key.start_mark.line + 1}: the key {key.value!r} occurs twice")
        seen.add(key.value)
    loader.flatten_mapping(node)
    # Keys are strings: an unquoted 200 is the status "200".
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _number(loader: _Loader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load(path: Path) -> dict[str, Any]:
    """The document in a JSON or YAML file. Raises ``NotOpenAPI``."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise NotOpenAPI(f"{path}: larger than {_MAX_BYTES >> 20} MiB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotOpenAPI(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise NotOpenAPI(f"{path}: not UTF-8 text") from None
    try:
        return parse(text)
    except NotOpenAPI as error:
        raise NotOpenAPI(f"{path}: {error}") from None


def parse(text: str) -> dict[str, Any]:
    """The document in a JSON or YAML text. Raises ``NotOpenAPI``."""
    try:
        found = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    except RecursionError:
        raise NotOpenAPI("nested too deeply") from None
    _check_size(found)
    if not isinstance(found, dict):
        raise NotOpenAPI("not an OpenAPI document: the top level is not an object")
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_mapping_of_pairs, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        try:
            # A flow mapping in YAML starts with a brace as well.
            return _yaml(text)
        except NotOpenAPI:
            raise NotOpenAPI(f"line {error.lineno}, column {error.colno}: {error.msg}") from None


def _yaml(text: str) -> Any:
    try:
        _check_depth(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader derives from the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise NotOpenAPI(f"{place}{getattr(error, 'problem', None) or 'not YAML'}") from None
    except ValueError as error:
        raise NotOpenAPI(f"not YAML: {error}") from None


def _check_depth(text: str) -> None:
    """Reject deep nesting before the composer recurses: a stack overflow in its C version ends the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise NotOpenAPI("nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mapping_of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise NotOpenAPI(f"the key {next(name for name in names if names.count(name) > 1)!r} occurs twice")
    return found


def _reject_constant(constant: str) -> float:
    raise NotOpenAPI(f"JSON does not allow {constant}")


def _check_size(document: Any) -> None:
    """Reject cycles, and aliases that expand to more nodes than any real document has."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(value: dict[str, Any] | list[Any], depth: int) -> int:
        if id(value) in sizes:
            return sizes[id(value)]
        if id(value) in open_nodes or depth > _MAX_DEPTH:
            raise NotOpenAPI("nested too deeply, or recursive")
        open_nodes.add(id(value))
        total = 1 + len(value)
        for child in value.values() if isinstance(value, dict) else value:
            if isinstance(child, _CONTAINERS):
                total += size(child, depth + 1) - 1
            elif isinstance(child, float) and not math.isfinite(child):
                raise NotOpenAPI("a number is out of range")
        open_nodes.discard(id(value))
        if total > _MAX_NODES:
            raise NotOpenAPI(f"more than {_MAX_NODES:,} nodes once aliases are expanded")
        sizes[id(value)] = total
        return total

    if isinstance(document, _CONTAINERS):
        size(document, 0)
