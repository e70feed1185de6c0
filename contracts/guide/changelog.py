"""The part of CHANGELOG.md that is drawn from the fragments."""

import re
from collections.abc import Iterator

from contracts.guide.errors import GuideError
from contracts.guide.fragments import Fragment, Kind


def entries(pair: str, page: str, fragments: list[Fragment]) -> str:
    """The entries of one pair of versions, between the markers that stay."""
    return "\n".join([_begin(pair), *_lines(page, fragments), _end(pair)])


def replaced(text: str, pair: str, part: str) -> str:
    """The changelog with this part in its place. Raises ``GuideError`` where it has none."""
    place = re.compile(f"{re.escape(_begin(pair))}\n.*?{re.escape(_end(pair))}", re.DOTALL)
    if place.search(text) is None:
        advice = f"Put the lines {_begin(pair)} and {_end(pair)} where its entries belong."
        raise GuideError(f"CHANGELOG.md has no place for what changes in {pair}", advice)
    return place.sub(lambda _: part, text)


def _lines(page: str, fragments: list[Fragment]) -> Iterator[str]:
    told = [one for one in fragments if one.changelog]
    for kind in Kind:
        chosen = [one for one in told if one.kind is kind]
        if chosen:
            yield from ("", f"#### {kind.value.capitalize()}", "")
            yield from (f"- {one.changelog} ([how to move]({page}#{one.anchor}))" for one in chosen)
    yield ""


def _begin(pair: str) -> str:
    return f"<!-- {pair}: drawn from contracts/changes by `strata contract guide` -->"


def _end(pair: str) -> str:
    return f"<!-- {pair}: end -->"
