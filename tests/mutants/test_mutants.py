"""The mutants of a module, the packages that have some, and the lists of survivors."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import pytest

from tests.mutants import sample
from tests.mutants.children import TOO_SLOW
from tests.mutants.excluded import NOT_MUTATED
from tests.mutants.mutate import Mutant, mutants
from tests.mutants.pool import Verdict
from tests.mutants.report import (
    Known,
    Report,
    catchers,
    excused,
    known,
    record,
    record_catchers,
    unknown_places,
)
from tests.mutants.sample import choose, files_of_package, module_tests, order_of_packages, share
from tests.mutants.targets import (
    PACKAGES,
    ROOT,
    SOURCES,
    files_of_tests,
    modules_of,
    package_of,
    part_of_packages,
    path_of,
)
from tests.mutants.verdicts import mutants_of

SOURCE = '''"""A module."""
from x import y

log = get_logger(__name__)
Mode = Literal["first", "second"]
Pair = tuple[int, int]


def shape(view):
    """A docstring is not code."""
    log.info("shaped", view=view.id)
    if view.id < 0:
        raise ValueError(f"an id must not be negative, got {view.id}")
    return View(view.id, shown=view.status == "on")


class Limits:
    LOWEST: int = Field(ge=1, description="At least one.")
    NAME: str | None = Field(None, description="The name.")
'''


def test_operators_apply_inside_and_outside_of_functions() -> None:
    planted = {mutant.diff.partition("\n+ ")[2] for mutant in mutants("m", SOURCE)}
    assert {
        "return View(None, shown=view.status == 'on')",
        "return View(view.id)",
        "return View(view.id, shown=view.status != 'on')",
        "return View(view.id, shown=view.status == 'XXonXX')",
        "if view.id <= 0:",
        "LOWEST: int = None",
    } <= planted
    assert any("ge=2" in line for line in planted), "no mutant outside of functions"


def test_texts_for_people_are_no_code() -> None:
    planted = "\n".join(mutant.diff for mutant in mutants("m", SOURCE))
    for text in ("docstring", "At least one", "negative", "shaped", "get_logger", "first"):
        assert f"+ {text}" not in planted
        assert f"XX{text}" not in planted
    assert "raise ValueError(None)" not in planted
    assert "NAME" not in planted, "the default without its description"
    assert "Pair" not in planted, "a type, which only annotations use"


def test_a_mutant_names_its_function_and_lines() -> None:
    found = {(mutant.function, mutant.lines[0]) for mutant in mutants("m", SOURCE)}
    assert {("shape", 12), ("shape", 14), ("Limits", 18)} <= found


def test_the_difference_of_a_long_table_shows_the_surroundings_of_the_change() -> None:
    table = f"TABLE = ({', '.join(f'row({number}, limit={number * 3})' for number in range(30))})"
    (mutant,) = (each for each in mutants("m", table) if "limit=46" in each.diff)
    assert "row(15, limit=45)" in mutant.diff
    assert len(mutant.diff) < 400 < len(table)


def test_every_mutant_is_a_different_program() -> None:
    codes = [mutant.code for mutant in mutants("m", SOURCE)]
    assert len(codes) == len(set(codes)) > 8
    for code in codes:
        compile(code, "m", "exec")


def test_every_module_is_mutated_or_excluded_with_a_reason() -> None:
    for source in SOURCES:
        for path in (ROOT / source).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            mutated = any(f"{name}/".startswith(f"{package}/") for package in PACKAGES) and name not in NOT_MUTATED
            excluded = any(f"{name}/".startswith(f"{package}/") for package in NOT_MUTATED)
            assert mutated != excluded, f"{name} must be in one table of tests/mutants/targets.py"
    assert all((ROOT / name).exists() for name in NOT_MUTATED)
    assert all(len(reason.split()) > 4 or reason == "empty" for reason in NOT_MUTATED.values())


def test_parts_contain_each_package_once() -> None:
    parts = [part_of_packages(number, 4) for number in (1, 2, 3, 4)]
    assert sorted(chain.from_iterable(parts)) == sorted(PACKAGES)
    assert all(parts)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_modules_and_tests(package: str) -> None:
    assert modules_of(package)
    assert {package_of(module) for module in modules_of(package)} == {package}
    for place in PACKAGES[package]:
        assert (ROOT / place).exists(), place
    assert files_of_tests(package)


def test_every_excused_mutant_exists_and_has_a_reason() -> None:
    reasons = excused()
    assert all(len(reason.split()) > 4 for reason in reasons.values())
    for module in {module for module, _, _ in reasons}:
        own = {key: reason for key, reason in reasons.items() if key[0] == module}
        source = (ROOT / path_of(module)).read_text(encoding="utf-8")
        found = mutants(module, source, {function for _, function, _ in own})
        assert own.keys() <= {mutant.key for mutant in found}


def _verdicts(*catchers: str) -> list[Verdict]:
    planted = list(mutants("m", SOURCE * 2))
    return [Verdict(mutant, catcher) for mutant, catcher in zip(planted, catchers, strict=False)]


def test_a_score_below_the_threshold_fails() -> None:
    assert Report("m", _verdicts(*["a test"] * 9, ""), {}).is_sufficient()
    assert not Report("m", _verdicts(*["a test"] * 8, ""), {}).is_sufficient()


def test_an_excused_mutant_does_not_count_and_a_caught_one_is_stale() -> None:
    verdicts = _verdicts("a test", "")
    caught, survivor = (verdict.mutant.key for verdict in verdicts)
    excusing = Report("m", verdicts, {survivor: "equivalent"})
    assert excusing.is_sufficient()
    assert excusing.score == 100
    stale = Report("m", verdicts, {survivor: "equivalent", caught: "equivalent"})
    assert stale.stale == [caught]
    assert not stale.is_sufficient()


def test_an_excuse_for_a_mutant_that_does_not_exist_is_reported() -> None:
    planted = list(mutants("m", SOURCE))
    gone = ("m", "shape", "- a\n+ b")
    assert unknown_places({planted[0].key: "reason", gone: "reason", ("other", "f", "x"): "reason"}, planted) == [gone]


def test_known_survivors_are_recorded_by_package(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text("{}")
    posts = Known(0.5, frozenset({("app.posts.views", "View", "- a\n+ b")}))
    users = Known(1, frozenset())
    record("app/posts", users, path)
    record("app/users", users, path)
    record("app/posts", posts, path)
    assert known(path) == {"app/posts": posts, "app/users": users}


def test_the_tests_that_caught_mutants_are_recorded_by_module_and_function(tmp_path: Path) -> None:
    path = tmp_path / "caught.json"
    path.write_text('{"m": {"gone": ["a::b"]}, "other": {"f": ["a::c"]}}')
    one, two, three, four, *_ = (each for each in mutants("m", SOURCE) if each.function == "shape")
    verdicts = [
        Verdict(one, "a::rare"),
        Verdict(two, "a::usual"),
        Verdict(three, "a::usual"),
        Verdict(four, "too slow"),
    ]
    record_catchers(["m"], verdicts, path)
    assert catchers(path) == {"m": {"shape": ["a::usual", "a::rare"]}, "other": {"f": ["a::c"]}}


def test_a_mutant_of_a_sample_meets_the_tests_of_its_function_then_of_its_module_then_whole_files() -> None:
    (mutant, *_) = mutants_of("app.posts.policy")
    strong, weak = "tests/app/users/test_service.py::a", "tests/truth/test_truth.py::b"
    caught = {mutant.module: {"": [weak], mutant.function: ["tests/gone.py::test", weak]}}
    assert module_tests(mutant, caught) == [weak], "a test whose file was deleted does not run"
    caught = {mutant.module: {"other": [strong], mutant.function: [weak]}}
    assert module_tests(mutant, caught) == [weak, strong]
    files = files_of_package(mutant, caught)
    assert files[:2] == ["tests/truth/test_truth.py", "tests/app/users/test_service.py"]
    assert set(files[2:]) == {file for file in files_of_tests("app/posts") if file.startswith("tests/app/posts/")}


@pytest.mark.parametrize(
    ("by_module", "by_files", "status"),
    [("a test", "", 0), ("", "a test", 0), ("", "", 1), ("", TOO_SLOW, 0)],
)
def test_a_sample_fails_if_neither_the_tests_of_a_module_nor_all_files_catch_a_mutant(
    by_module: str, by_files: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = [by_module, by_files]

    def judge(_plan: sample.Plan, tests: Mapping[Mutant, object], *_limits: float) -> Iterator[tuple[Mutant, str]]:
        catcher = rounds.pop(0)
        yield from ((mutant, catcher) for mutant in tests)

    monkeypatch.setattr(sample, "chosen", lambda *_: list(mutants("app.posts.policy", SOURCE)))
    monkeypatch.setattr(sample, "judge", judge)
    lines: list[str] = []
    assert sample.run("7", 60, 1, lines.append) == status
    assert any("new survivor: app.posts.policy" in line for line in lines) == bool(status)


def test_a_sample_contains_no_module_whose_catchers_are_unknown() -> None:
    module, *others = modules_of("observability/concurrency")
    assert others
    found = sample.chosen({"observability/concurrency": Known(1, frozenset())}, {module: {}}, "7", 1)
    assert {mutant.module for mutant in found} == {module}


def test_a_sample_is_reproducible_and_differs_by_seed() -> None:
    planted: list[Mutant] = list(mutants("m", SOURCE))
    assert share(planted, 1) == planted
    assert set(share(planted, 0.2)) < set(share(planted, 0.6)) < set(planted), "a greater share contains a smaller one"
    modules = modules_of("observability/concurrency")
    assert (
        choose("observability/concurrency", modules, 1, "7")
        == choose("observability/concurrency", modules, 1, "7")
        != choose("observability/concurrency", modules, 1, "8")
    )
    assert order_of_packages("7") == order_of_packages("7") != order_of_packages("8")
    assert sorted(order_of_packages("7")) == sorted(PACKAGES)
