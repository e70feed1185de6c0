"""The commands of README's tour print exactly the outputs that README shows."""

from pathlib import Path

from tests.support import readme_tour


def test_the_tour_prints_the_outputs_in_readme(tmp_path: Path) -> None:
    claimed = [None if step.output is None else readme_tour.comparable(step.output) for step in readme_tour.steps()]
    printed = [readme_tour.comparable(output) for output in readme_tour.run(tmp_path / "home")]
    assert len(claimed) > 8
    assert [output if shown is not None else None for output, shown in zip(printed, claimed, strict=True)] == claimed
