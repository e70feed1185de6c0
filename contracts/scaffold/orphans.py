"""Finds files about versions that are not declared."""

from pathlib import Path

from contracts.scaffold.places import ROOT, declared_names, find_places
from versions.kit.tombstones import REMOVED, read_tombstones


def find_orphans(root: Path = ROOT) -> list[str]:
    """Returns a sentence for each file about a version without declaration, and for each tombstone without guide."""
    names = declared_names(root)
    found = [
        f"{place.path.as_posix()} is about {', '.join(sorted(set(place.versions) - set(names)))}, which no "
        f"versions/vN/version.py declares: delete it."
        for place in find_places(root)
        if set(place.versions) - set(names)
    ]
    archived = {path.stem for path in (root / "app/web/guides/archived").glob("*.html")}
    for tombstone in read_tombstones(root / REMOVED.relative_to(ROOT)):
        if tombstone.name in names:
            found.append(f"{tombstone.name} is declared and in versions/removed.json: choose another name.")
        if tombstone.guide not in archived:
            found.append(f"{tombstone.name} is in versions/removed.json, but its guide {tombstone.guide} is missing.")
        archived.discard(tombstone.guide)
    return [
        *found,
        *(f"The archived guide {name} belongs to no version in versions/removed.json." for name in archived),
    ]
