"""The parallel jobs of CI together run what `.ci/run` runs without an argument."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.waiting import PATIENCE

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = (ROOT / ".ci/run").read_text()
MAKEFILE: Final = (ROOT / "Makefile").read_text()


def steps(part: str) -> list[str]:
    """The targets that a part of `.ci/run` makes."""
    found = re.search(rf"^{part}\)(.*?);;", SCRIPT, re.MULTILINE | re.DOTALL)
    assert found, part
    return re.findall(r"step make ([\w-]+)", found[1])


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    return found


def test_the_jobs_run_every_step_of_the_script() -> None:
    parallel = jobs()["run"]["strategy"]["matrix"]["part"]
    halves = {"test-core": "test", "test-system": "test"}
    together = {halves.get(step, step) for part in parallel for step in steps(part)}
    assert together == set(steps("all"))
    assert all(steps(part) for part in parallel)


def test_the_scheduled_job_plants_every_mutant_and_runs_many_cases() -> None:
    assert steps("deep") == ["test-deep"]
    assert steps("mutants") == ["mutants"]
    commands = {name: [step["run"] for step in jobs()[name]["steps"] if "run" in step] for name in ("deep", "mutants")}
    parts = jobs()["mutants"]["strategy"]["matrix"]["part"]
    assert parts == list(range(1, len(parts) + 1))
    assert commands == {
        "deep": ["bash .ci/run deep"],
        "mutants": [f"bash .ci/run mutants ${{{{ matrix.part }}}}/{len(parts)}"],
    }


def test_every_step_is_a_target() -> None:
    named = set(re.findall(r"step make ([\w-]+)", SCRIPT))
    assert named <= set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))


def test_both_halves_together_are_the_suite() -> None:
    """One ignores the folders that the other runs."""
    recipes = dict(re.findall(r"^(test-core|test-system): .*\n\t(.*)$", MAKEFILE, re.MULTILINE))
    assert recipes == {"test-core": "$(PYTEST) $(SYSTEM:%=--ignore=%)", "test-system": "$(PYTEST) $(SYSTEM)"}
    folders = re.search(r"^SYSTEM := (.*)$", MAKEFILE, re.MULTILINE)
    assert folders is not None
    assert all((ROOT / folder).is_dir() for folder in folders[1].split())


def test_every_supported_python_is_tested() -> None:
    versions = jobs()["run"]["strategy"]["matrix"]["python"]
    assert versions == [f"3.{minor}" for minor in range(11, 15)]
    assert f'requires-python = ">={versions[0]}"' in (ROOT / "pyproject.toml").read_text()


SCHEMAS: Final = {
    "github-actions": [ROOT / "action.yml", *(ROOT / ".github/actions").glob("*/action.yml")],
    "github-workflows": [*(ROOT / ".github/workflows").glob("*.yml")],
}


def invalid(schema: str, *paths: Path) -> str:
    """What the schema of GitHub, of which check-jsonschema contains a copy, rejects in files."""
    command = (Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *paths)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("schema", SCHEMAS)
def test_actions_and_workflows_are_valid(schema: str, tmp_path: Path) -> None:
    assert SCHEMAS[schema]
    assert invalid(schema, *SCHEMAS[schema]) == ""
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(SCHEMAS[schema][0].read_text().replace("runs:", "run:").replace("runs-on:", "on:"))
    assert "is a required property" in invalid(schema, wrong)


def functions(*names: str) -> str:
    """The source of functions of `.ci/run`."""
    found = [re.search(rf"^{name}\(\) \{{\n.*?^\}}\n", SCRIPT, re.MULTILINE | re.DOTALL) for name in names]
    return "\n".join(one[0] for one in found if one is not None)


@pytest.mark.parametrize(
    ("failed", "again", "code"),
    [
        (["failed a"], "exit 0", 0),
        (["failed a"], "exit 2", 2),
        (["failed a", "failed b", "failed c"], "exit 0", 0),
        (["failed a", "failed b", "failed c", "failed d"], "exit 0", 1),
        ([], "exit 0", 1),
        (None, "exit 0", 1),
    ],
    ids=["passes alone", "fails alone", "three", "four", "none", "no list"],
)
def test_up_to_three_failed_tests_are_repeated_alone(
    tmp_path: Path, failed: list[str] | None, again: str, code: int
) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    if failed is not None:
        (tmp_path / ".pytest_cache/v/cache").mkdir(parents=True)
        (tmp_path / ".pytest_cache/v/cache/lastfailed").write_text(json.dumps(dict.fromkeys(failed, True)))
    limit = re.search(r"^MOST_REPEATED=.*$", SCRIPT, re.MULTILINE)
    assert limit is not None
    script = f"""
        set -euo pipefail
        {limit[0]}
        {functions("step", "repeat_failed")}
        make() {{ case "$*" in *test-again*) ({again}) ;; *) return 2 ;; esac; }}
        step make test || repeat_failed
        echo went on
    """
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == code, done.stderr
    assert ("went on" in done.stdout) is (code == 0)
    named = [line for line in done.stdout.splitlines() if line.startswith("failed")]
    assert named == (failed if code == 0 else [])
