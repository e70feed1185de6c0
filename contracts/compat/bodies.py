"""Compares request bodies."""

from contracts.compat.catalogue.schemas import Place
from contracts.compat.comparison import Comparison
from contracts.compat.document import Site
from contracts.compat.engine import Pair
from contracts.compat.media import Media, covering, media_types
from contracts.compat.normalized_schema import Node


def compare_request(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    """The bodies that clients send."""
    before = comparison.old.resolve(old.at("requestBody"))
    after = comparison.new.resolve(new.at("requestBody"))
    if not before.mapping and not after.mapping:
        return
    if not before.mapping:
        rule = "request-body-added-required" if after.at("required").flag else "request-body-added"
        comparison.tell(rule, after.pointer, operation)
        return
    if not after.mapping:
        comparison.tell("request-body-removed", before.pointer, operation)
        return
    if before.at("required").flag != after.at("required").flag:
        rule = "request-body-became-required" if after.at("required").flag else "request-body-became-optional"
        comparison.tell(rule, after.pointer, operation)
    was, now = media_types(before), media_types(after)
    for name, media in was.items():
        successor = covering(name, now)
        if successor is None:
            comparison.tell("request-media-type-removed", media.site.pointer, operation, old=f"`{media.name}`")
            continue
        compare_content(comparison, media, successor, Place.BODY, operation)
        _encodings(comparison, media.site, successor.site, operation)
    for name, media in now.items():
        if name not in was:
            comparison.tell("request-media-type-added", media.site.pointer, operation, new=f"`{media.name}`")


def compare_content(comparison: Comparison, old: Media, new: Media, place: Place, operation: str) -> None:
    """The schemas of one media type; without one anything goes."""
    before, after = old.site.at("schema"), new.site.at("schema")
    comparison.schemas(Pair(Node.of(before, "the body"), Node.of(after, "the body"), place), operation)


def _encodings(comparison: Comparison, old: Site, new: Site, operation: str) -> None:
    for name in sorted(old.at("encoding").mapping.keys() | new.at("encoding").mapping.keys()):
        before, after = old.at("encoding", name), new.at("encoding", name)
        types = [
            frozenset(
                part.strip().lower() for part in str(one.at("contentType").value or "").split(",") if part.strip()
            )
            for one in (before, after)
        ]
        told = {"what": f"`{name}`"}
        if types[0] != types[1]:
            narrower = (types[0] - types[1]) if types[0] else types[1]
            if types[1] and narrower:
                gone = ", ".join(sorted(types[0] - types[1])) or "anything else"
                comparison.tell("request-encoding-narrowed", after.pointer, operation, old=gone, **told)
            else:
                new_types = ", ".join(sorted(types[1] - types[0])) or "anything"
                pointer = after.pointer if after.mapping else before.pointer
                comparison.tell("request-encoding-widened", pointer, operation, new=new_types, **told)
        styles = [(one.at("style").value or "form", one.at("explode").value) for one in (before, after)]
        if styles[0] != styles[1]:
            shown = [
                f"`{style}`" + ("" if explode is None else f", explode {str(explode).lower()}")
                for style, explode in styles
            ]
            pointer = after.pointer if after.mapping else before.pointer
            comparison.tell("request-encoding-style-changed", pointer, operation, old=shown[0], new=shown[1], **told)
