"""The mutants of ``make mutants``; its targets and survivors exist."""

import tomllib
from pathlib import Path

import pytest

from tests.mutants.__main__ import ROOT, SURVIVORS
from tests.mutants.mutate import mutants
from tests.mutants.targets import ENVELOPES, FAMILIES, MAPPINGS, SCHEMAS

SOURCE = '''"""A module."""
from x import y


def shape(view):
    """A docstring is not code."""
    return View(id=view.id, shown=view.status == "on")


LIMIT: int = Field(ge=1, description="At least one.")
'''


def test_operators_apply_inside_and_outside_of_functions() -> None:
    planted = {mutant.diff.partition("\n+ ")[2] for mutant in mutants("m", SOURCE)}
    assert {
        "return View(id=None, shown=view.status == 'on')",
        "return View(shown=view.status == 'on')",
        "return View(id=view.id, shown=view.status != 'on')",
        "return View(id=view.id, shown=view.status == 'ON')",
        "LIMIT: int = None",
    } <= planted
    assert any("ge=2" in line for line in planted), "no mutant outside of functions"
    assert not any("ne.XX" in line or "docstring" in line for line in planted), "a mutant of a text"


def test_every_mutant_is_a_different_program() -> None:
    codes = [mutant.code for mutant in mutants("m", SOURCE)]
    assert len(codes) == len(set(codes)) > 8
    for code in codes:
        compile(code, "m", "exec")


def test_every_mapping_and_schema_is_a_target() -> None:
    kinds = ("mapping.py", "schemas.py", "errors.py", "ids.py", "paging.py")
    found = {path for version in ("v1", "v2") for path in (ROOT / "versions" / version).rglob("*.py")}
    modules = {str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") for path in found if path.name in kinds}
    assert modules - {"versions.v2.limits.mapping", "versions.v2.limits.schemas"} == {
        *MAPPINGS,
        *ENVELOPES,
        *SCHEMAS,
    }, "limits exist in v2 only"


@pytest.mark.parametrize("module", [*MAPPINGS, *ENVELOPES, *SCHEMAS])
def test_every_target_has_families_of_laws(module: str) -> None:
    assert [part for part in FAMILIES if part in module.split(".")]


def test_every_survivor_has_a_reason_and_a_mutant() -> None:
    for entry in tomllib.loads(SURVIVORS.read_text()).get("survivor", []):
        source = Path(ROOT / f"{entry['module'].replace('.', '/')}.py").read_text()
        assert len(entry["reason"].split()) > 4
        assert entry["change"].strip() in {mutant.diff for mutant in mutants(entry["module"], source)}
