"""A sample of the mutants that a seed determines, judged within a time."""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tests.mutants.mutate import Mutant
from tests.mutants.pool import Pool, Records, record_lines
from tests.mutants.report import excused, known
from tests.mutants.targets import MAX_SECONDS, PACKAGES, files_of_tests, modules_of
from tests.mutants.verdicts import mutants_of

_MODULES: Final = 6
"""Modules per package: only their mutants are generated."""
_PER_MODULE: Final = 5
_RECORDING: Final = 0.45
"""The share of the time that recording lines may take: one more package is started only before."""


def share(mutants: Sequence[Mutant], part: float) -> list[Mutant]:
    """A part of the mutants: always the same ones, whatever else changes in their package."""
    limit = int(part * 2**32)
    return [m for m in mutants if int(hashlib.sha256(f"panel\0{m.key}".encode()).hexdigest()[:8], 16) < limit]


def order_of_packages(seed: str, packages: Iterable[str] = PACKAGES) -> list[str]:
    """The packages in the order in which a sample judges them."""
    return random.Random(seed).sample(sorted(packages), k=len(list(packages)))  # noqa: S311 - reproducible


def choose(package: str, part: float, seed: str) -> list[Mutant]:
    """Mutants of some modules of a package, of as many functions as possible, from a share of all."""
    chance = random.Random(f"{seed} {package}")  # noqa: S311 - reproducible
    modules = modules_of(package)
    chosen: list[Mutant] = []
    for module in sorted(chance.sample(modules, k=min(_MODULES, len(modules)))):
        by_function: dict[str, list[Mutant]] = {}
        for mutant in share(mutants_of(module), part):
            by_function.setdefault(mutant.function, []).append(mutant)
        functions = chance.sample(sorted(by_function), k=min(_PER_MODULE, len(by_function)))
        chosen += [chance.choice(by_function[function]) for function in functions]
    return chosen


def run(seed: str, seconds: float, processes: int, show: Callable[[str], None]) -> int:
    """0 unless a mutant of a package in ``known.json`` survived that is neither there nor in ``survivors.toml``."""
    started = time.monotonic()
    show(f"A sample of {seconds:.0f} s with seed {seed}: make mutants-sample SEED={seed} repeats it")
    records, reasons, accepted = Records(), excused(), known()
    new = judged = 0
    for package in order_of_packages(seed, accepted):
        files = files_of_tests(package)
        if time.monotonic() - started > _RECORDING * seconds and records.missing(files):
            continue
        if time.monotonic() - started > 0.8 * seconds:
            break
        mutants = choose(package, accepted[package].share, seed)
        record_lines(records, files, processes, show)
        lines = records.line_map(files)
        tests = {mutant: lines.tests(mutant, MAX_SECONDS) for mutant in mutants}
        for verdict in Pool(lines).judge(tests, files, processes, started + seconds):
            judged += 1
            mutant = verdict.mutant
            if not verdict.catcher and mutant.key not in reasons and mutant.key not in accepted[package].survivors:
                new += 1
                show(f"\nnew survivor: {mutant}")
        show(f"{package}: {len(mutants)} mutants, {time.monotonic() - started:.0f} s")
    show(f"{judged} mutants judged, {new} new survivors, seed {seed}")
    return int(new > 0)
