"""``make mutants``: plants every mutant of the mapping modules and fails unless the laws catch enough of them.

Survivors that are no defects stand in ``survivors.toml``, each with its reason; one that no longer survives, or no
longer exists, fails too.
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

from tests.laws.mutants.judge import Verdict, judge, start
from tests.laws.mutants.mutate import Mutant, mutants
from tests.laws.mutants.targets import MAPPINGS, THRESHOLD
from tests.support.postgres import TestServer

ROOT: Final = Path(__file__).parents[3]
SURVIVORS: Final = Path(__file__).with_name("survivors.toml")
_PER_PROCESS: Final = 40
"""Applications that are planted and forgotten pile up."""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _all(places: Iterable[str]) -> Iterator[Mutant]:
    for place in places:
        module, _, line = place.partition(":")
        source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        yield from (mutant for mutant in mutants(module, source) if not line or mutant.line == int(line))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when enough mutants were caught and the list of survivors is true."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MAPPINGS, help="module, or module:line; all mappings by default")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--minutes", type=float, default=60, help="give up, and fail, after this long")
    options = parser.parse_args(arguments)
    planted = list(_all(options.modules))
    server = TestServer()
    started = time.monotonic()
    verdicts: list[Verdict] = []
    try:
        dsn = server.start()
        asyncio.run(server.prepare())
        server.migrate_template()
        spawn = multiprocessing.get_context("spawn")
        with spawn.Pool(options.processes, start, (dsn,), _PER_PROCESS) as pool:
            for verdict in pool.imap_unordered(judge, planted):
                verdicts.append(verdict)
                _show(verdict, len(verdicts), len(planted), time.monotonic() - started)
                if time.monotonic() - started > 60 * options.minutes:
                    _say(f"not done after {options.minutes:g} minutes")
                    return 1
    finally:
        server.stop()
    return _report(verdicts, planted)


def _show(verdict: Verdict, done: int, planted: int, seconds: float) -> None:
    mutant = verdict.mutant
    if verdict.catcher is None:
        _say(f"\nlived: {mutant.module}:{mutant.line}\n{mutant.diff}")
    elif done % 25 == 0:
        _say(f"{done}/{planted} in {seconds:.0f} s")


def _report(verdicts: Sequence[Verdict], planted: Sequence[Mutant]) -> int:
    places = {(mutant.module, mutant.diff) for mutant in planted}
    modules = {mutant.module for mutant in planted}
    excused = {
        (entry["module"], entry["change"].strip()): entry["reason"]
        for entry in tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
        if (entry["module"], entry["change"].strip()) in places
    }
    lived = {(verdict.mutant.module, verdict.mutant.diff) for verdict in verdicts if verdict.catcher is None}
    stale = sorted(set(excused) - lived)
    for module in sorted(modules):
        own = [verdict for verdict in verdicts if verdict.mutant.module == module]
        dead = sum(verdict.catcher is not None for verdict in own)
        _say(f"{dead:5} of {len(own):5}  {module}")
    _say("")
    for catcher, count in Counter(v.catcher for v in verdicts if v.catcher is not None).most_common():
        _say(f"{count:5}  {catcher}")
    excuses = len(lived & set(excused))
    counted = len(verdicts) - excuses
    caught = len(verdicts) - len(lived)
    score = 100 * caught / counted if counted else 100.0
    _say(f"\n{caught} of {counted} caught: {score:.1f} % (at least {THRESHOLD} %); {excuses} excused")
    for module, change in stale:
        _say(f"survivors.toml excuses what does not live: {module}\n{change}")
    return int(score < THRESHOLD or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
