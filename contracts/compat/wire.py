"""The form of parameters and parts in a request: two serialisations that send the same text are the same."""

from collections.abc import Iterable
from typing import Final

_COMPOUND: Final = ("array", "object")
# Styles of OpenAPI -> the separator between values that are not separate parameters.
_SEPARATORS: Final = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "|", "cookie": ","}
# Style -> kind -> the form with `explode`, and without.
_FORMS: Final = {
    "matrix": {
        "value": (";{n}=v", ";{n}=v"),
        "array": (";{n}=v;{n}=w", ";{n}=v,w"),
        "object": (";k=v;l=w", ";{n}=k,v,l,w"),
    },
    "label": {"value": (".v", ".v"), "array": (".v.w", ".v,w"), "object": (".k=v.l=w", ".k,v,l,w")},
    "simple": {"value": ("v", "v"), "array": ("v,w", "v,w"), "object": ("k=v,l=w", "k,v,l,w")},
}


def kinds_of(types: Iterable[str]) -> frozenset[str]:
    """The kinds of values that differ in their form: arrays, objects and all others."""
    return frozenset(name if name in _COMPOUND else "value" for name in types if name != "null")


def wire_form(kind: str, style: str, name: str, *, explode: bool) -> str:
    """The text that a value of a kind is sent as, after the examples of the OpenAPI specification."""
    if (known := _FORMS.get(style)) is not None:
        return known[kind][not explode].format(n=name)
    if style == "deepObject":
        return f"{name}[k]=v" if kind == "object" else f"{name}={kind}"
    separator = _SEPARATORS.get(style, style)
    forms = {
        "value": (f"{name}=v", f"{name}=v"),
        "array": (f"{name}=v&{name}=w", f"{name}=v{separator}w"),
        "object": ("k=v&l=w", f"{name}=k{separator}v{separator}l{separator}w"),
    }
    return forms[kind][not explode]
