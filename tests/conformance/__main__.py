"""``python -m tests.conformance``: runs as many cases as fit into some minutes, against a real ``strata up``."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from app.plans.built_in import PLANS
from tests.conformance.callers import CALLERS, SELF_REVOKING
from tests.conformance.outside import Effort, RunResult, attack, seed_of
from tests.support.limits import POLICIES, SHORT_STREAMS, VARIABLES
from tests.support.live import Strata
from tests.support.strata_up import up
from versions.registry import VERSIONS

_MINUTES: Final = 20.0
_LEAST_SECONDS: Final = 20
_EXAMPLES: Final = 500
_SUITE: Final = ("tests/contracts", "tests/laws")
_ROOT: Final = Path(__file__).parents[2]
console: Final = Console()


def main(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="Time limit, divided among versions and callers.")] = _MINUTES,
    seed: Annotated[int | None, typer.Option(help="Default: a random one, which is printed.")] = None,
    version: Annotated[list[str] | None, typer.Option(help="Only this version; repeatable.")] = None,
    caller: Annotated[
        list[str] | None, typer.Option(help=f"Only this caller, repeatable: {', '.join(CALLERS)}.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Concurrent requests.")] = 1,
    shipped: Annotated[bool, typer.Option("--shipped", help="With the default limits of a new server.")] = False,
    suite: Annotated[bool, typer.Option(help="First run the tests of the suite with more cases.")] = True,
) -> None:
    """Run every check in all phases, for each version as each caller, each pair on a new server."""
    base = random.randrange(2**31) if seed is None else seed  # noqa: S311 - chooses test cases
    pairs = [(one, other) for one in version or [found.name for found in VERSIONS] for other in caller or CALLERS]
    seconds = max(_LEAST_SECONDS, int(minutes * 60 / len(pairs)))
    console.print(f"Seed {base}; {minutes:g} minutes for {len(pairs)} runs.")
    failed = ["the tests of the suite"] if suite and not _suite_passes(base) else []
    for number, (one, other) in enumerate(pairs, 1):
        console.print(f"[{number}/{len(pairs)}] {one} as {other}, {seconds} s ...", markup=False)
        for result in _attack(one, other, _efforts(other, seconds, workers), base, shipped=shipped):
            cases, unexplained = result.report["test_cases"], result.unexplained
            if result.exit_code == 0 and not unexplained:
                console.print(f"    {cases['generated']} cases: no failure", style="green")
                continue
            failed.append(f"{one} as {other}")
            console.print(f"    {cases['generated']} cases: {cases['unique_failures']} failures", style="bold red")
            console.print(result.output, *sorted(unexplained), sep="\n", markup=False, highlight=False)
            console.print(f"Repeat: {_command(one, other, base, seconds, shipped=shipped)}", markup=False)
    console.print(f"Failed: {', '.join(failed)}; seed {base}" if failed else f"No failure; seed {base}.")
    raise typer.Exit(bool(failed))


def _efforts(caller: str, seconds: int, workers: int) -> list[Effort]:
    """The runs for one caller. Operations that revoke its own access come last: else most requests are rejected."""
    effort = Effort(examples=_EXAMPLES, seconds=seconds, workers=workers)
    if caller == "anonymous":
        return [effort]

    def only(flag: str) -> list[str]:
        return [part for name in sorted(SELF_REVOKING) for part in (flag, name)]

    return [
        replace(effort, options=only("--exclude-operation-id")),
        replace(effort, seconds=_LEAST_SECONDS, options=only("--include-operation-id")),
    ]


def _attack(version: str, caller: str, efforts: list[Effort], base: int, *, shipped: bool) -> Iterator[RunResult]:
    with tempfile.TemporaryDirectory(prefix="strata-conformance-") as folder:
        # A caller stays signed in for the whole run.
        lasting = {"STRATA_LOG__LEVEL": "warning", "STRATA_AUTH__ACCESS_TTL": "86400"}
        strata = Strata(Path(folder) / "home", **lasting, **SHORT_STREAMS)
        if shipped:
            strata.environment = {name: text for name, text in strata.environment.items() if name not in VARIABLES}
        else:
            strata.environment["STRATA_AUTH__LOGINS_PER_MINUTE"] = "100000"
        with up(strata) as run:
            if not shipped:
                for plan in PLANS:
                    policies = (part for name, text in POLICIES.items() for part in ("--policy", f"{name}={text}"))
                    strata.run("plans", "set", plan.name, *policies)
            headers = CALLERS[caller](strata, run.url)
            for number, effort in enumerate(efforts):
                run_folder = Path(folder) / f"run{number}"
                yield attack(run.url, version, headers, run_folder, effort, seed_of(base, version, caller))


def _command(version: str, caller: str, base: int, seconds: int, *, shipped: bool) -> str:
    """The command that repeats the run of one version and caller."""
    flags = f"--version {version} --caller {caller} --seed {base} --minutes {seconds / 60:.2f}"
    return f".venv/bin/python -m tests.conformance --no-suite {flags}{' --shipped' if shipped else ''}"


def _suite_passes(seed: int) -> bool:
    folders: Sequence[str] = [folder for folder in _SUITE if (_ROOT / folder).exists()]
    options = ("--hypothesis-profile", "deep", "--hypothesis-seed", str(seed), "--timeout", "3600")
    command = [sys.executable, "-m", "pytest", *options, *folders]
    console.print(f"$ {' '.join(command)}", markup=False)
    return subprocess.run(command, cwd=_ROOT, check=False).returncode == 0


if __name__ == "__main__":
    typer.run(main)
