"""``make mutants``: plants every mutant of the mapping modules and fails unless the laws catch enough of them.

``survivors.toml`` lists the mutants that are not defects, each with its reason. An entry that is caught, or that does
not exist any more, fails too.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.mutants.mutate import Mutant, mutants
from tests.mutants.process import MutantResult, run_laws, start
from tests.mutants.targets import MAPPINGS, THRESHOLD
from tests.support.postgres import TestServer

ROOT: Final = Path(__file__).parents[2]
SURVIVORS: Final = Path(__file__).with_name("survivors.toml")
_PER_PROCESS: Final = 40
"""Mutants per process: the applications of earlier mutants stay in memory."""


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _mutants_of(places: Iterable[str]) -> Iterator[Mutant]:
    for place in places:
        module, _, line = place.partition(":")
        source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        yield from (mutant for mutant in mutants(module, source) if not line or mutant.line == int(line))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the laws caught enough mutants and the list of survivors is correct, else 1."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MAPPINGS, help="module, or module:line; all mappings by default")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--minutes", type=float, default=60, help="stop and fail after this many minutes")
    options = parser.parse_args(arguments)
    planted = list(_mutants_of(options.modules))
    server = TestServer()
    started = time.monotonic()
    results: list[MutantResult] = []
    try:
        dsn = server.start()
        asyncio.run(server.prepare())
        server.migrate_template()
        spawn = multiprocessing.get_context("spawn")
        with spawn.Pool(options.processes, start, (dsn,), _PER_PROCESS) as pool:
            for result in pool.imap_unordered(run_laws, planted):
                results.append(result)
                _show(result, len(results), len(planted), time.monotonic() - started)
                if time.monotonic() - started > 60 * options.minutes:
                    _print(f"Not finished after {options.minutes:g} minutes: raise --minutes or --processes.")
                    return 1
    finally:
        server.stop()
    return _report(results, planted)


def _show(result: MutantResult, done: int, planted: int, seconds: float) -> None:
    mutant = result.mutant
    if result.catcher is None:
        _print(f"\nsurvived: {mutant.module}:{mutant.line}\n{mutant.diff}")
    elif done % 25 == 0:
        _print(f"{done}/{planted} in {seconds:.0f} s")


def _report(results: Sequence[MutantResult], planted: Sequence[Mutant]) -> int:
    places = {(mutant.module, mutant.diff) for mutant in planted}
    modules = {mutant.module for mutant in planted}
    accepted_reasons = {
        (entry["module"], entry["change"].strip()): entry["reason"]
        for entry in tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
        if (entry["module"], entry["change"].strip()) in places
    }
    survived = {(result.mutant.module, result.mutant.diff) for result in results if result.catcher is None}
    stale = sorted(set(accepted_reasons) - survived)
    for module in sorted(modules):
        own = [result for result in results if result.mutant.module == module]
        killed = sum(result.catcher is not None for result in own)
        _print(f"{killed:5} of {len(own):5}  {module}")
    _print("")
    for catcher, count in Counter(v.catcher for v in results if v.catcher is not None).most_common():
        _print(f"{count:5}  {catcher}")
    accepted = len(survived & set(accepted_reasons))
    counted = len(results) - accepted
    caught = len(results) - len(survived)
    score = 100 * caught / counted if counted else 100.0
    _print(f"\n{caught} of {counted} caught: {score:.1f} % (at least {THRESHOLD} %); {accepted} accepted")
    for module, change in stale:
        _print(f"survivors.toml lists a mutant that is caught: {module}\n{change}")
    return int(score < THRESHOLD or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
