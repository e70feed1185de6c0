"""Which tests run against a mutant, and what becomes of one that they catch, do not catch, or never execute."""

import ast
from typing import Any

from tests.mutants.lines import LineMap
from tests.mutants.mutate import Mutant
from tests.mutants.pool import Pool, Verdict
from tests.mutants.targets import ROOT, path_of
from tests.mutants.verdicts import mutants_of

MODULE = "app.kit.encryption"
PATH = path_of(MODULE)
TESTS = "tests/app/kit/test_encryption.py"


def _record(lines: dict[int, list[str]], *, at_import: tuple[int, ...] = (), **seconds: float) -> dict[str, Any]:
    sets = {str(line): tests for line, tests in lines.items()}
    return {"seconds": seconds, "lines": {PATH: sets}, "import": {PATH: list(at_import)}}


def _mutant(line: int) -> Mutant:
    return Mutant(MODULE, "f", (line, line), "", "- a\n+ b")


def test_only_tests_that_execute_the_line_run_and_fast_ones_run_first() -> None:
    lines = LineMap()
    lines.add(_record({3: ["slow", "fast"], 4: ["other"]}, slow=2.0, fast=0.1, other=0.1))
    assert lines.tests(_mutant(3), 60) == ["fast", "slow"]
    assert lines.tests(_mutant(3), 1) == ["fast"]
    assert lines.tests(_mutant(3), 0.01) == ["fast"], "at least one test runs"


def test_an_expression_of_several_lines_is_covered_by_tests_of_each() -> None:
    lines = LineMap()
    lines.add(_record({3: ["a"], 4: ["b"]}, a=0.1, b=0.2))
    assert lines.tests(Mutant(MODULE, "f", (3, 4), "", ""), 60) == ["a", "b"]


def test_a_part_of_a_text_counts_as_the_first_line_of_its_statement() -> None:
    source = (ROOT / PATH).read_text().splitlines()
    (first, last) = next(
        (node.lineno, node.end_lineno)
        for node in ast.walk(ast.parse("\n".join(source)))
        if isinstance(node, ast.Expr) and node.end_lineno and node.end_lineno > node.lineno
    )
    lines = LineMap()
    lines.add(_record({first: ["a"]}, a=0.1))
    assert lines.tests(_mutant(last), 60) == ["a"]
    assert not lines.tests(_mutant(last + 1), 60)


def test_a_mutant_that_no_test_executes_survives_without_a_process() -> None:
    lines = LineMap()
    lines.add(_record({3: ["a"]}, a=0.1))
    assert list(Pool(lines).judge({_mutant(5): lines.tests(_mutant(5), 60)}, [TESTS], processes=1)) == [
        Verdict(_mutant(5), "")
    ]


def test_a_line_of_the_import_runs_the_tests_of_its_module() -> None:
    lines = LineMap()
    lines.add(_record({30: ["tests/a.py::a"]}, at_import=(1,), **{"tests/a.py::a": 0.1}))
    assert lines.needs_import(_mutant(1))
    assert not lines.needs_import(_mutant(30))
    assert lines.tests(_mutant(1), 60) == ["tests/a.py::a"]


def test_a_constant_that_no_test_mentions_runs_all_tests_of_its_package() -> None:
    lines = LineMap()
    lines.add(_record({}, at_import=(1,), **{"tests/a.py::a": 0.1, "tests/b.py::b": 0.2}))
    assert lines.tests(_mutant(1), 60) == ["tests/a.py::a", "tests/b.py::b"]


STRONG = f"{TESTS}::test_a_round_trip_needs_the_same_purpose_and_context"
WEAK = "tests/mutants/test_mutants.py::test_a_score_below_the_threshold_fails"


def test_bugs_in_functions_and_at_import_are_caught_by_a_test_of_them_and_by_no_other() -> None:
    planted = mutants_of(MODULE)
    source = (ROOT / PATH).read_text().splitlines()
    in_function = [m for m in planted if m.function and source[m.lines[0] - 1].strip().startswith("return")]
    at_import = [m for m in planted if not m.function]
    expected = {in_function[0]: STRONG, at_import[0]: STRONG, in_function[-1]: WEAK, at_import[-1]: WEAK}
    lines = LineMap()
    lines.add(_record({}, at_import=at_import[0].lines, **{STRONG: 0.1, WEAK: 0.1, TESTS: 0.1}))
    # A path stands for all tests of the file.
    tests = {mutant: [TESTS if mutant == at_import[0] else test] for mutant, test in expected.items()}
    verdicts = Pool(lines).judge(tests, [TESTS, WEAK.partition("::")[0]], processes=1)
    assert {verdict.mutant: verdict.catcher for verdict in verdicts} == {
        mutant: STRONG if test == STRONG else "" for mutant, test in expected.items()
    }
