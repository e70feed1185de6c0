"""Dashboards: the committed files are up to date, every panel is complete, and every query is valid PromQL."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from observability.dashboards.files import BOARDS, DASHBOARDS, differences, generated, write
from observability.dashboards.model import Board
from tests.support.promql import filled, readings
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
COMMAND = "python -m observability.dashboards"
UNITS = {"reqps", "ops", "percentunit", "s", "d", "bytes", "Bps", "none", "short"}
WINDOW = re.compile(r"\[[^\]]+\]|:rate\d+[smhd]|:p\d+")
"""A range, or a recorded series, whose window its name or its rule states."""
by_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
Document = dict[str, Any]


def document(board: Board) -> Document:
    found: Document = json.loads((ROOT / DASHBOARDS / f"{board.uid.removeprefix('strata-')}.json").read_text())
    return found


def panels(board: Board) -> list[Document]:
    return [panel for panel in document(board)["panels"] if panel["type"] != "row"]


def test_committed_files_are_up_to_date() -> None:
    assert differences(ROOT) == [], f"run `{COMMAND}`"


def test_output_is_deterministic() -> None:
    assert generated() == generated()


def test_write_fixes_the_differences(tmp_path: Path) -> None:
    first = write(tmp_path)
    assert set(first) == set(generated())
    path = tmp_path / first[0]
    path.write_text(path.read_text().replace("environment", "realm"))
    (path.parent / "forgotten.json").write_text("{}")
    assert set(differences(tmp_path)) == {first[0], first[0].parent / "forgotten.json"}
    write(tmp_path)
    assert differences(tmp_path) == []


def test_check_prints_the_command_that_updates(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "observability.dashboards", "--check", "--root", str(tmp_path)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert f"`{COMMAND}`" in done.stderr
    assert list(tmp_path.iterdir()) == []


@by_board
def test_panel_has_a_description_and_a_unit(board: Board) -> None:
    found = panels(board)
    assert len(found) == len(list(board.panels())) > 2
    for panel in found:
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert [link["title"] for link in panel["links"]] == ["Traces", "Logs"]
        assert all(target["expr"] for target in panel["targets"])
    titles = [panel["title"] for panel in found]
    assert len(titles) == len(set(titles))


@by_board
def test_links_query_a_provisioned_data_source(board: Board) -> None:
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/strata.yaml").read_text())["datasources"]
    uids = {source["uid"] for source in sources}
    for panel in panels(board):
        for link in panel["links"]:
            panes = json.loads(parse_qs(urlsplit(link["url"]).query)["panes"][0])["a"]
            assert panes["datasource"] in uids
            query = panes["queries"][0]
            text = query.get("query") or query["expr"]
            declared = {variable.name for variable in board.variables}
            assert set(re.findall(r"\$\{(\w+):pipe\}", text)) <= declared
            assert "%24" not in link["url"], "an encoded variable is not replaced by Grafana"
            assert unquote(link["url"]).count("{") == unquote(link["url"]).count("}")
        assert panel["datasource"]["uid"] in uids


def test_a_consumer_links_to_its_dashboard_and_to_its_name() -> None:
    """From each table with a column for consumers, and each graph with a series for each."""
    linked = {}
    for board in BOARDS:
        for panel in panels(board):
            config = panel["fieldConfig"]
            found = [*config["defaults"].get("links", ())]
            for override in config["overrides"]:
                assert override["matcher"] == {"id": "byName", "options": "consumer"}
                found += override["properties"][0]["value"]
            if found:
                linked[panel["title"]] = found
    cell, series = ("${__value.raw}", "${__field.labels.consumer}")
    for title, variable in {
        "Consumers with the most server errors": cell,
        "Consumers with the slowest requests": cell,
        "Consumers that occupy the servers": series,
        "Consumers with the most requests": series,
        "Who is left": cell,
    }.items():
        own, name = linked[title]
        assert own["url"].startswith(f"/d/strata-consumers?var-consumer={variable}&")
        assert not own.get("targetBlank")
        # Grafana resolves a path to a page of its own, unless the link opens a new tab.
        assert (name["url"], name["targetBlank"]) == (f"/consumers/{variable}", True)
    assert "Share of the busiest consumer" not in linked
    assert "strata-consumers" in {board.uid for board in BOARDS}


@by_board
def test_panels_fill_the_grid_without_overlap(board: Board) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in document(board)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    numbers = [panel["id"] for panel in document(board)["panels"]]
    assert len(numbers) == len(set(numbers))


@by_board
def test_variables_are_declared_and_used(board: Board) -> None:
    declared = {variable.name for variable in board.variables}
    used = {
        name for panel in board.panels() for query in panel.queries for name in re.findall(r"\$(?!__)(\w+)", query.expr)
    }
    assert used == declared


@by_board
def test_every_query_is_promql(board: Board) -> None:
    for panel in board.panels():
        for query in panel.queries:
            assert readings(query.expr) or query.expr == "vector(0)", panel.title
            assert "$" not in filled(query.expr)


@by_board
def test_a_panel_compares_values_of_one_window(board: Board) -> None:
    """Otherwise a 99th percentile can be below the 95th. A legend may name the window of its series."""
    for panel in board.panels():
        windows = {
            window
            for query in panel.queries
            for window in WINDOW.findall(query.expr)
            if not any(word in window for word in query.legend.split() if word[:1].isdigit())
        }
        assert len(windows) <= 1, f"{panel.title}: {windows}"


def test_duration_queries_request_exemplars() -> None:
    boards = {board.uid for board in BOARDS for panel in board.panels() for query in panel.queries if query.exemplars}
    assert {"strata-overview", "strata-endpoint"} <= boards


def test_dashboards_have_unique_names() -> None:
    assert len({board.uid for board in BOARDS}) == len({board.title for board in BOARDS}) == len(BOARDS)
