"""Runbooks and dashboards search the logs for events that the product logs."""

import re
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
SEARCH = re.compile(r'\bevent\s*=~?\s*\\*"([a-z_|]+)\\*"')


def searched() -> set[str]:
    files = (path for path in (ROOT / "grafana").rglob("*") if path.suffix in {".md", ".json", ".yaml", ".yml"})
    found = (SEARCH.findall(unquote(path.read_text(encoding="utf-8"))) for path in files)
    return set(chain.from_iterable(names.split("|") for names in chain.from_iterable(found)))


def test_every_event_that_operators_search_for_is_logged() -> None:
    sources = (path for part in ("app", "observability", "versions") for path in (ROOT / part).rglob("*.py"))
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sources
        if "dashboards" not in path.parts and "rules" not in path.parts
    )
    names = searched()
    assert {"events_not_streamed", "webhooks_not_delivered"} <= names
    assert {name for name in names if f'"{name}"' not in code} == set()
