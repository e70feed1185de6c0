"""``make mutants``: plants bugs in the core and the versions, and fails unless the tests of each package catch enough.

``survivors.toml`` lists the mutants that are not defects, each with its reason. An entry that a test catches, or that
does not exist any more, fails too. ``make mutants-sample`` judges a seeded sample within a time, and fails if a mutant
survives that ``known.json`` does not list.
"""

import argparse
import datetime as dt
import os
import signal
import sys
import time
from collections.abc import Sequence

from tests.mutants import sample
from tests.mutants.mutate import Mutant
from tests.mutants.pool import Pool, Records, Verdict, record_lines
from tests.mutants.report import Known, Report, excused, record, record_catchers, unknown_places
from tests.mutants.targets import MAX_SECONDS, PACKAGES, files_of_tests, modules_of, package_of, part_of_packages
from tests.mutants.verdicts import Verdicts, mutants_of


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("places", nargs="*", help="package, module, or module:line; all packages by default")
    parser.add_argument("--part", type=_part, metavar="N/M", help="one of M parts of the packages, of similar size")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--sample", type=float, metavar="SECONDS", help="judge a sample for this long")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    parser.add_argument(
        "--seed", default=os.environ.get("GITHUB_SHA", today), help="of the sample; commit or date by default"
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="judge this share of the mutants, always the same ones"
    )
    parser.add_argument("--record", action="store_true", help="write the survivors of whole packages to known.json")
    return parser.parse_args(arguments)


def _part(text: str) -> list[str]:
    number, _, parts = text.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise argparse.ArgumentTypeError(f"--part must be N/M with N from 1 to M, got {text!r}")
    return part_of_packages(int(number), int(parts))


def _mutants(place: str) -> tuple[str, list[Mutant]]:
    """The package of a package, module or line, and the mutants there."""
    if place in PACKAGES:
        return place, [mutant for module in modules_of(place) for mutant in mutants_of(module)]
    module, _, line = place.partition(":")
    found = mutants_of(module)
    return package_of(module), [m for m in found if not line or m.lines[0] <= int(line) <= m.lines[1]]


def judge(package: str, mutants: Sequence[Mutant], processes: int) -> list[Verdict]:
    """Verdicts on mutants of a package: those of earlier runs that are still valid, and new ones."""
    files = files_of_tests(package)
    cached = Verdicts(package, files)
    verdicts = [verdict for mutant in mutants if (verdict := cached.find(mutant)) is not None]
    left = sorted(set(mutants) - {verdict.mutant for verdict in verdicts}, key=lambda m: (m.module, m.lines, m.diff))
    if not left:
        return verdicts
    records = Records()
    record_lines(records, files, processes, show)
    started = time.monotonic()
    try:
        lines = records.line_map(files)
        tests = {mutant: lines.tests(mutant, MAX_SECONDS) for mutant in left}
        for number, verdict in enumerate(Pool(lines).judge(tests, files, processes), 1):
            verdicts.append(verdict)
            cached.add(verdict)
            if not verdict.catcher:
                show(f"\nsurvived: {verdict.mutant}")
            if number % 50 == 0:
                show(f"{number}/{len(left)} in {time.monotonic() - started:.0f} s")
                cached.save()
    finally:
        cached.save()
    return verdicts


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the tests caught enough mutants and the lists of survivors are correct, else 1."""
    options = _arguments(arguments)
    # A terminated run stops its database servers, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.sample:
        return sample.run(options.seed, options.sample, options.processes, show)
    sufficient = True
    reports: list[Report] = []
    for place in options.places or options.part or PACKAGES:
        package, mutants = _mutants(place)
        chosen = sample.share(mutants, options.share)
        report = Report(place, judge(package, chosen, options.processes), excused())
        report.show(show)
        reports.append(report)
        for module, function, change in unknown_places(report.reasons, mutants) if place == package else ():
            show(f"survivors.toml lists a mutant that does not exist: {module} {function}\n{change}")
            sufficient = False
        if options.record and place == package:
            record(package, Known(options.share, frozenset(mutant.key for mutant in report.survivors)))
            record_catchers(modules_of(package), report.verdicts)
        sufficient &= report.is_sufficient()
    show("\nScore by package")
    for report in reports:
        show(f"{report.score:6.1f} %  {len(report.verdicts):5} mutants  {report.package}")
    return int(not sufficient)


if __name__ == "__main__":
    sys.exit(main())
