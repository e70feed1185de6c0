"""Compares the parameters of an operation, those of its path included."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.compat.catalogue.schemas import Place
from contracts.compat.comparison import Comparison
from contracts.compat.document import Document, Site
from contracts.compat.engine import Pair
from contracts.compat.sunset import Phase, day, phase
from contracts.compat.normalized_schema import Node

# Header parameters that OpenAPI tells tools to ignore: other parts of the document say it.
_IGNORED = frozenset({"accept", "content-type", "authorization"})
_STYLES: Mapping[str, str] = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_COMPOUND = frozenset({"array", "object"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, with what OpenAPI fills in where the document is silent."""

    name: str
    place: str
    site: Site

    @property
    def required(self) -> bool:
        """Whether it must be given; one in the path always is."""
        return self.place == "path" or self.site.at("required").flag

    @property
    def style(self) -> str:
        """How its value is written."""
        return str(self.site.at("style").value or _STYLES.get(self.place, "form"))

    @property
    def explode(self) -> bool:
        """Whether each of several values is written apart."""
        stated = self.site.at("explode").value
        return stated if isinstance(stated, bool) else self.style in {"form", "cookie"}

    @property
    def media_type(self) -> str | None:
        """The media type of its value, where it has one instead of a style."""
        return next(iter(self.site.at("content").mapping), None)

    @property
    def schema(self) -> Site:
        """What its values are."""
        media_type = self.media_type
        return self.site.at("schema") if media_type is None else self.site.at("content", media_type, "schema")


def compare_parameters(
    comparison: Comparison,
    old: tuple[Site, Site],
    new: tuple[Site, Site],
    operation: str,
    renamed: Mapping[str, str],
    *,
    inverted: bool = False,
) -> None:
    """The parameters of both sides, each a path item and its operation; where `inverted`, the server sends them."""
    before = {
        (place, renamed.get(name, name) if place == "path" else name): one
        for (place, name), one in _effective(comparison.old, *old).items()
    }
    after = _effective(comparison.new, *new)
    gone = [key for key in before if key not in after]
    fresh = [key for key in after if key not in before]
    for key, parameter in before.items():
        if key in after:
            if inverted:
                _compare_sent_by_server(comparison, parameter, after[key], operation)
            else:
                _compare(comparison, parameter, after[key], operation)
    for key in list(gone):
        moved = next((other for other in fresh if other[1].lower() == key[1].lower()), None)
        if moved is not None and not inverted:
            gone.remove(key)
            fresh.remove(moved)
            told = {"what": f"`{key[1]}`", "old": key[0], "new": moved[0]}
            comparison.tell("request-parameter-location-changed", after[moved].site.pointer, operation, **told)
    for key in gone:
        _removed(comparison, before[key], operation, inverted=inverted)
    for key in fresh:
        parameter = after[key]
        rule = "request-parameter-added-required" if parameter.required else "request-parameter-added"
        told = {"what": f"`{parameter.name}`", "place": parameter.place}
        comparison.tell("webhook-parameter-added" if inverted else rule, parameter.site.pointer, operation, **told)


def _effective(document: Document, item: Site, operation: Site) -> dict[tuple[str, str], Parameter]:
    found = {}
    for owner in (item, operation):
        listed = owner.at("parameters")
        for index in range(len(listed.items)):
            site = document.resolve(listed.at(index))
            name, place = site.at("name").value, site.at("in").value
            if not isinstance(name, str) or not isinstance(place, str):
                continue
            key = name.lower() if place == "header" else name
            if place != "header" or key not in _IGNORED:
                found[(place, key)] = Parameter(name, place, site)
    return found


def _removed(comparison: Comparison, parameter: Parameter, operation: str, *, inverted: bool) -> None:
    site = parameter.site
    sunset = site.at("x-sunset").value
    rule = {
        Phase.ANNOUNCED: "request-parameter-removed-before-sunset",
        Phase.OVER: "request-parameter-removed-after-sunset",
    }.get(phase(site.at("deprecated").flag, sunset, comparison.today), "request-parameter-removed")
    told = {"what": f"`{parameter.name}`", "place": parameter.place, "old": sunset}
    comparison.tell("webhook-parameter-removed" if inverted else rule, site.pointer, operation, **told)


def _compare_sent_by_server(comparison: Comparison, old: Parameter, new: Parameter, operation: str) -> None:
    if old.required != new.required:
        rule = "webhook-parameter-became-required" if new.required else "webhook-parameter-became-optional"
        comparison.tell(rule, new.site.pointer, operation, what=f"`{new.name}`", place=new.place)
    comparison.schemas(Pair(Node.of(old.schema, old.name), Node.of(new.schema, new.name), Place.WEBHOOK), operation)


def _compare(comparison: Comparison, old: Parameter, new: Parameter, operation: str) -> None:
    what, pointer = f"`{new.name}`", new.site.pointer
    if old.required != new.required:
        rule = "request-parameter-became-required" if new.required else "request-parameter-became-optional"
        comparison.tell(rule, pointer, operation, what=what, place=new.place)
    if old.media_type != new.media_type:
        told = {"old": old.media_type or "plain text", "new": new.media_type or "plain text"}
        comparison.tell("request-parameter-content-changed", pointer, operation, what=what, **told)
    else:
        _serialization(comparison, old, new, operation)
    _lifecycle(comparison, old, new, operation)
    pair = Pair(Node.of(old.schema, new.name), Node.of(new.schema, new.name), Place.PARAMETER)
    comparison.schemas(pair, operation)


def _serialization(comparison: Comparison, old: Parameter, new: Parameter, operation: str) -> None:
    what, pointer = f"`{new.name}`", new.site.pointer
    types = (
        comparison.engine.old.shape(Node.of(old.schema)).types | comparison.engine.new.shape(Node.of(new.schema)).types
    )
    if old.style != new.style:
        told = {"old": f"`{old.style}`", "new": f"`{new.style}`"}
        comparison.tell("request-parameter-style-changed", pointer, operation, what=what, **told)
    elif old.explode != new.explode and types & _COMPOUND:
        told = {"old": str(old.explode).lower(), "new": str(new.explode).lower()}
        comparison.tell("request-parameter-explode-changed", pointer, operation, what=what, **told)
    for member, refused, allowed in (
        ("allowReserved", "request-parameter-reserved-refused", "request-parameter-reserved-allowed"),
        ("allowEmptyValue", "request-parameter-empty-refused", "request-parameter-empty-allowed"),
    ):
        was, now = old.site.at(member).flag, new.site.at(member).flag
        if was != now:
            comparison.tell(allowed if now else refused, pointer, operation, what=what)


def _lifecycle(comparison: Comparison, old: Parameter, new: Parameter, operation: str) -> None:
    was, now = old.site.at("deprecated").flag, new.site.at("deprecated").flag
    before, after = old.site.at("x-sunset").value, new.site.at("x-sunset").value
    told = {"what": f"`{new.name}`", "place": new.place, "old": before, "new": after}
    days = day(before), day(after)
    if now and not was:
        rule = "request-parameter-is-deprecated" if days[1] else "request-parameter-is-deprecated-without-sunset"
        comparison.tell(rule, new.site.pointer, operation, **told)
    elif was and not now:
        comparison.tell("request-parameter-is-no-longer-deprecated", new.site.pointer, operation, **told)
    elif was and days[0] and days[1] and days[1] < days[0]:
        comparison.tell("request-parameter-sunset-moved-earlier", new.site.pointer, operation, **told)
