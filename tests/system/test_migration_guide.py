"""Runs the examples of the migration guides (HTTP, curl and Python) against both versions of a live server."""

import difflib
from pathlib import Path

from contracts.guide import build
from contracts.guide.recorded_outputs import RecordedOutputs
from tests.support.guide import Bench
from tests.support.postgres import clone
from tests.support.programs import program


async def test_every_example_returns_the_response_in_the_guide(admin_dsn: str, tmp_path: Path) -> None:
    program("curl")
    async with Bench.over(await clone(admin_dsn, "guide"), tmp_path / "home") as bench:
        for one in build.read_sources():
            outputs = await bench.outputs(one)
            assert {(run.side, run.language) for run in outputs} == {
                (side, language) for side in ("before", "after") for language in ("http", "curl", "python")
            }
            executed = build.create_guide(one, RecordedOutputs(outputs)).to_markdown()
            committed = (build.ROOT / build.PAGES / f"{one.pair}.md").read_text()
            lines = [text.splitlines() for text in (committed, executed)]
            difference = "\n".join(difflib.unified_diff(*lines, "guide", "run", lineterm=""))
            assert not difference, f"If intended, record it with `python -m tests.support.guide`.\n{difference}"
