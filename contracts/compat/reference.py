"""Writes RULES.md from the registry; with `--check`, tells whether it is up to date."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contracts.compat.catalogue.protocol import rules as protocol_rules
from contracts.compat.catalogue.schemas import CHANGES, Change, Place
from contracts.compat.registry import registry
from contracts.compat.rule import Rule

_PATH: Final = Path(__file__).with_name("RULES.md")
_COMMAND: Final = "python -m contracts.compat.reference"


def reference() -> str:
    """The rule reference as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Rules of the compatibility gate"
    yield ""
    yield f"Written by `{_COMMAND}`; do not edit. There are {len(registry())} rules."
    yield "README.md says why they are as they are."
    areas: dict[str, list[Rule]] = {}
    for rule in protocol_rules():
        areas.setdefault(rule.area, []).append(rule)
    for area, rules in areas.items():
        yield from (
            "",
            f"## {area.capitalize()}",
            "",
            "| rule | severity | what it tells the client |",
            "|---|---|---|",
        )
        for rule in rules:
            yield f"| `{rule.id}` | {rule.severity.value} | {rule.sentence} |"
    yield from ("", "## Schemas", "")
    yield "The id of a rule is the place, a hyphen, and the change: `request-body-max-length-decreased`."
    yield "Parameters, request bodies and answers to webhooks are sent by the client; the rest it receives."
    yield from ("", f"| change | {' | '.join(f'`{place.value}-`' for place in Place)} | what the value |")
    yield "|---" * (len(Place) + 2) + "|"
    for change in CHANGES:
        severities = " | ".join(_shown(change, place) for place in Place)
        yield f"| `{change.name}` | {severities} | {change.says} |"


def _shown(change: Change, place: Place) -> str:
    return change.severity(place).value if change.seen_at(place) else ""


def main(arguments: list[str]) -> int:
    """Write the reference, or check it."""
    text = reference()
    if "--check" not in arguments:
        _PATH.write_text(text)
        return 0
    if _PATH.exists() and _PATH.read_text() == text:
        return 0
    sys.stderr.write(f"{_PATH.name} is not what the registry says. Mend it with `{_COMMAND}`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
