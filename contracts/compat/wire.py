"""The form of parameters and parts in a request: two serialisations that send the same text are the same."""

from collections.abc import Iterable
from typing import Final

_COMPOUND: Final = ("array", "object")
# Styles of OpenAPI -> the separator between values that are not separate parameters.
_SEPARATORS: Final = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "|", "cookie": ","}


def kinds_of(types: Iterable[str]) -> frozenset[str]:
    """The kinds of values that differ in their form: arrays, objects and all others."""
    return frozenset(name if name in _COMPOUND else "value" for name in types if name != "null")


def wire_form(kind: str, style: str, name: str, *, explode: bool) -> str:
    """The text that a value of a kind is sent as, after the examples of the OpenAPI specification."""
    if style == "matrix":
        forms = {
            "value": f";{name}=v",
            "array": f";{name}=v;{name}=w" if explode else f";{name}=v,w",
            "object": ";k=v;l=w" if explode else f";{name}=k,v,l,w",
        }
        return forms[kind]
    if style == "label":
        forms = {
            "value": ".v",
            "array": ".v.w" if explode else ".v,w",
            "object": ".k=v.l=w" if explode else ".k,v,l,w",
        }
        return forms[kind]
    if style == "simple":
        return {"value": "v", "array": "v,w", "object": "k=v,l=w" if explode else "k,v,l,w"}[kind]
    if style == "deepObject":
        return f"{name}[k]=v" if kind == "object" else f"{name}={kind}"
    separator = _SEPARATORS.get(style, style)
    if kind == "value":
        return f"{name}=v"
    if kind == "array":
        return f"{name}=v&{name}=w" if explode else f"{name}=v{separator}w"
    return "k=v&l=w" if explode else f"{name}=k{separator}v{separator}l{separator}w"
