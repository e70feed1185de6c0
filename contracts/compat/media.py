"""Media types: which of one side covers which of the other."""

from dataclasses import dataclass

from contracts.compat.document import Site


@dataclass(frozen=True, slots=True)
class Media:
    """The entry of a `content` for one media type."""

    name: str
    site: Site


def media_types(owner: Site) -> dict[str, Media]:
    """The entries of a `content` by their names without parameters."""
    content = owner.at("content")
    return {plain(name): Media(name, content.at(name)) for name in content.mapping}


def plain(name: str) -> str:
    """A media type without its parameters, in lower case."""
    return name.partition(";")[0].strip().lower()


def covering(name: str, others: dict[str, Media]) -> Media | None:
    """The entry that says something about this media type: its own, else the range it falls in."""
    kind = name.partition("/")[0]
    return next((others[one] for one in (name, f"{kind}/*", "*/*") if one in others), None)
