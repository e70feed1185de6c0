"""A sample of the mutants that a seed determines, judged within a time.

Recording which test executes which line takes longer than the sample may. Instead, each mutant meets the tests that
caught mutants of its function and of its module in the last recorded run (``caught.json``). One that they do not catch
meets all tests of the files of these, and of the folder that its package prefers.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from typing import Final

from tests.mutants.children import TOO_SLOW, Limits
from tests.mutants.mutate import Mutant
from tests.mutants.pool import Pool
from tests.mutants.report import Catchers, Known, catchers, excused, known
from tests.mutants.targets import PACKAGES, ROOT, files_of_tests, modules_of, package_of
from tests.mutants.verdicts import mutants_of

_MODULES: Final = 3
"""Modules per package: only their mutants are generated."""
_PER_MODULE: Final = 4
_MAX_FILES: Final = 4
"""Files of these tests: a process that imports the application anew collects each of them."""
_FIRST: Final = 0.85
"""The share of the time after which no mutant meets the tests of its module any more."""


def share(mutants: Sequence[Mutant], part: float) -> list[Mutant]:
    """A part of the mutants: always the same ones, whatever else changes in their package."""
    limit = int(part * 2**32)
    return [m for m in mutants if int(hashlib.sha256(f"panel\0{m.key}".encode()).hexdigest()[:8], 16) < limit]


def order_of_packages(seed: str, packages: Iterable[str] = PACKAGES) -> list[str]:
    """The packages in the order in which a sample judges them."""
    return random.Random(seed).sample(sorted(packages), k=len(list(packages)))  # noqa: S311 - reproducible


def choose(package: str, modules: Sequence[str], part: float, seed: str) -> list[Mutant]:
    """Mutants of some of the modules of a package, of as many functions as possible, from a share of all."""
    chance = random.Random(f"{seed} {package}")  # noqa: S311 - reproducible
    chosen: list[Mutant] = []
    for module in sorted(chance.sample(modules, k=min(_MODULES, len(modules)))):
        by_function: dict[str, list[Mutant]] = {}
        for mutant in share(mutants_of(module), part):
            by_function.setdefault(mutant.function, []).append(mutant)
        functions = chance.sample(sorted(by_function), k=min(_PER_MODULE, len(by_function)))
        chosen += [chance.choice(by_function[function]) for function in functions]
    return chosen


def chosen(accepted: Mapping[str, Known], caught: Catchers, seed: str, processes: int) -> list[Mutant]:
    """A mutant of each recorded package, then the second ones, without those that are known to survive."""
    reasons = excused()
    modules = {package: recorded(package, caught) for package in accepted}
    packages = order_of_packages(seed, [package for package, names in modules.items() if names])
    shares = [accepted[package].share for package in packages]
    with ProcessPoolExecutor(processes) as executor:
        found = list(executor.map(partial(_choose, seed), packages, [modules[name] for name in packages], shares))
    rows = chain.from_iterable(zip_longest(*found))
    known_ones = reasons.keys() | {key for entry in accepted.values() for key in entry.survivors}
    return [mutant for mutant in rows if mutant is not None and mutant.key not in known_ones]


def recorded(package: str, caught: Catchers) -> list[str]:
    """The modules of a package whose catchers are known.

    Nothing says which tests are for another module: only the full set, which records what each test executes, can tell
    whether one of its mutants survives.
    """
    return [module for module in modules_of(package) if module in caught]


def _choose(seed: str, package: str, modules: Sequence[str], part: float) -> list[Mutant]:
    return choose(package, modules, part, seed)


@dataclass(frozen=True)
class Plan:
    """How the tests of a sample run: there is no record of which lines are executed at import."""

    cold: bool
    seconds: float

    def needs_import(self, mutant: Mutant) -> bool:  # noqa: ARG002 - a `pool.Plan`
        """Whether each mutant is imported; a process that cannot plant one in the application imports it anyway."""
        return self.cold

    def limits(self, tests: Sequence[str]) -> Limits:  # noqa: ARG002 - a `pool.Plan`
        """The same processor time for each mutant, and twice as long on a busy machine."""
        return Limits(cpu=self.seconds, wall=2 * self.seconds)


_TESTS_OF_MODULE: Final = Plan(cold=False, seconds=25)
_ALL_FILES: Final = Plan(cold=True, seconds=30)


def module_tests(mutant: Mutant, caught: Catchers) -> list[str]:
    """The tests that caught mutants of the function, then those of the rest of the module."""
    by_function = caught.get(mutant.module, {})
    others = chain.from_iterable(by_function.values())
    tests = dict.fromkeys([*by_function.get(mutant.function, ()), *others])
    existing = [test for test in tests if (ROOT / _file(test)).is_file()]
    files = list(dict.fromkeys(map(_file, existing)))[:_MAX_FILES]
    return [test for test in existing if _file(test) in files]


def files_of_package(mutant: Mutant, caught: Catchers) -> list[str]:
    """The files of these tests, and those of the first place that the package names."""
    package = package_of(mutant.module)
    preferred = [file for file in files_of_tests(package) if f"{file}/".startswith(f"{PACKAGES[package][0]}/")]
    return list(dict.fromkeys([*map(_file, module_tests(mutant, caught)), *preferred]))


def _file(test: str) -> str:
    return test.partition("::")[0]


def judge(
    plan: Plan, tests: Mapping[Mutant, Sequence[str]], processes: int, deadline: float
) -> Iterator[tuple[Mutant, str]]:
    """What caught each mutant, as it is known; "" for a survivor."""
    files = sorted({_file(test) for own in tests.values() for test in own})
    for verdict in Pool(plan).judge(tests, files, processes, deadline):
        yield verdict.mutant, verdict.catcher


def run(seed: str, seconds: float, processes: int, show: Callable[[str], None]) -> int:
    """0 unless a mutant of a package in ``known.json`` survived that is neither there nor in ``survivors.toml``."""
    started = time.monotonic()
    show(f"A sample of {seconds:.0f} s with seed {seed}: make mutants-sample SEED={seed} repeats it")
    caught = catchers()
    mutants = chosen(known(), caught, seed, processes)
    show(f"{len(mutants)} mutants chosen, {time.monotonic() - started:.0f} s")
    tests = {mutant: module_tests(mutant, caught) for mutant in mutants}
    judged = 0
    left: list[Mutant] = []
    for mutant, catcher in judge(_TESTS_OF_MODULE, tests, processes, started + _FIRST * seconds):
        judged += bool(catcher)
        left += [] if catcher else [mutant]
    show(f"{judged} mutants caught by the tests of their modules, {time.monotonic() - started:.0f} s")
    files = {mutant: files_of_package(mutant, caught) for mutant in left}
    new = 0
    for mutant, catcher in judge(_ALL_FILES, files, processes, started + seconds):
        if catcher == TOO_SLOW:
            show(f"\nnot judged in the time: {mutant}")
            continue
        judged += 1
        if not catcher:
            new += 1
            show(f"\nnew survivor: {mutant}\nof these files: {' '.join(files[mutant])}")
    show(f"{judged} of {len(mutants)} mutants judged, {new} new survivors, {time.monotonic() - started:.0f} s")
    return int(new > 0)
