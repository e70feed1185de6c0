"""The part of CHANGELOG.md that is generated from the fragments."""

import re
from collections.abc import Iterator

from contracts.guide.errors import GuideError
from contracts.guide.fragments import Fragment, Kind


def format_entries(pair: str, page: str, fragments: list[Fragment]) -> str:
    """The entries of one pair of versions, with the marker lines around them."""
    return "\n".join([_begin(pair), *_lines(page, fragments), _end(pair)])


def with_place(text: str, pair: str) -> str:
    """Returns the changelog with marker lines for a pair on top of its unreleased changes."""
    head = "## [Unreleased]\n"
    return text.replace(head, f"{head}\n{_begin(pair)}\n{_end(pair)}\n", 1)


def replace_entries(text: str, pair: str, part: str) -> str:
    """Replace the entries in the changelog. Raises ``GuideError`` if the marker lines are missing."""
    place = re.compile(f"{re.escape(_begin(pair))}\n.*?{re.escape(_end(pair))}", re.DOTALL)
    if place.search(text) is None:
        advice = f"Add the lines {_begin(pair)} and {_end(pair)} where the entries belong."
        raise GuideError(f"CHANGELOG.md has no marker lines for {pair}", advice)
    return place.sub(lambda _: part, text)


def _lines(page: str, fragments: list[Fragment]) -> Iterator[str]:
    announced = [one for one in fragments if one.changelog]
    for kind in Kind:
        chosen = [one for one in announced if one.kind is kind]
        if chosen:
            yield from ("", f"#### {kind.value.capitalize()}", "")
            yield from (f"- {one.changelog} ([how to move]({page}#{one.anchor}))" for one in chosen)
    yield ""


def _begin(pair: str) -> str:
    return f"<!-- {pair}: generated from contracts/changes by `strata contract guide` -->"


def _end(pair: str) -> str:
    return f"<!-- {pair}: end -->"
