"""Runs the tour of the README and compares the output literally."""

from pathlib import Path

from tests.support import readme_tour


def test_every_block_prints_the_output_in_the_readme(tmp_path: Path) -> None:
    claimed = [None if step.output is None else readme_tour.comparable(step.output) for step in readme_tour.steps()]
    printed = [readme_tour.comparable(output) for output in readme_tour.run(tmp_path / "home")]
    assert len(claimed) > 8
    assert [output if shown is not None else None for output, shown in zip(printed, claimed, strict=True)] == claimed
