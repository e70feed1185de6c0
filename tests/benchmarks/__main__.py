"""``python -m tests.benchmarks``: measures the ratios of the performance goals on this machine."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.kit.db.embedded import EmbeddedPostgres
from app.main import create_app
from app.settings.loading import load_settings
from tests.benchmarks import chart, plan, report
from tests.benchmarks.data import Data, prepare
from tests.benchmarks.measure import Effort, Results, measure, start, steps
from tests.benchmarks.plan import Variant
from tests.benchmarks.processes import BenchmarkError, Processes
from tests.benchmarks.variants.strata import layers

# Many short rounds instead of a few long ones: a disturbance of the machine lasts for seconds, and has to affect both
# sides of a ratio. The key of the benchmarks allows 30,000 requests per minute.
_NORMAL: Final = Effort(rounds=21, share=0.25)
_QUICK: Final = Effort(rounds=5, share=0.2)
_POSTS: Final = 100_000
_QUICK_POSTS: Final = 10_000
_DEEP_PAGE: Final = 5_000


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds, requests and posts: rougher ratios.")] = False,
    layer: Annotated[bool, typer.Option("--layers", help="The cost of each layer, by leaving out one.")] = False,
    other: Annotated[
        Path | None, typer.Option("--against", exists=True, file_okay=False, help="A folder with another checkout.")
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write a chart of the stacks to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure the CPU per request of Strata and of other stacks, and print ratios with their goals.

    The command starts all servers on loopback, with a temporary folder, and stops them at the end.
    """
    for name in [name for name in os.environ if name.startswith("STRATA_")]:
        del os.environ[name]
    effort = _QUICK if quick else _NORMAL
    try:
        with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
            home = Path(folder)
            names = layers(create_app(load_settings(home=home))) if layer else []
            with _database(home, _QUICK_POSTS if quick else _POSTS) as data:
                variants = _variants(data, names, None if other is None else other.resolve())
                results = _run(home, data, variants, effort, may_fail=layer)
    except BenchmarkError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {error}")
        raise typer.Exit(1) from None
    if layer:
        costs = report.layer_costs(results, names)
        _show(report.as_json(results, layers=costs), report.layers_table(costs), as_json=as_json)
    else:
        found = report.ratios(results, report.GOALS if other is None else report.AGAINST_GOALS)
        caption = f"The deep page is number {data.deep_page}." if other is None else f"The other one is {other}."
        if svg is not None:
            svg.write_text(chart.draw(chart.relative_costs(results)))
        parts = {"ratios": [vars(ratio) for ratio in found], "deep_page": data.deep_page}
        _show(report.as_json(results, **parts), report.goals_table(found, caption), as_json=as_json)


def _variants(data: Data, layers: list[str], other: Path | None) -> list[Variant]:
    if other is not None:
        return plan.against(data, other)
    return plan.ablation(data, layers) if layers else plan.comparison(data)


@contextmanager
def _database(home: Path, posts: int) -> Iterator[Data]:
    server = EmbeddedPostgres(home, durable=False)
    with Console(stderr=True).status(f"Starting PostgreSQL and writing {posts:,} posts"):
        server.start()
        data = prepare(server, home, posts, _DEEP_PAGE)
    try:
        yield data
    finally:
        server.destroy()


def _run(home: Path, data: Data, variants: Sequence[Variant], effort: Effort, *, may_fail: bool) -> Results:
    environment = {"STRATA_HOME": str(home), "STRATA_DATABASE__URL": data.dsn, "STRATA_LOG__FORMAT": "json"}
    with Processes(home, environment) as processes, _progress() as progress:
        task = progress.add_task("Starting servers", total=steps(variants, effort))
        generator = processes.generator()
        servers = start(processes, variants, generator, may_fail=may_fail)
        ready = [variant for variant in variants if variant.name in servers]
        progress.update(task, total=steps(ready, effort))
        return measure(servers, ready, generator, effort, _advancer(progress, task))


def _advancer(progress: Progress, task: Any) -> Callable[[str], None]:
    return lambda what: progress.update(task, advance=1, description=what)


def _progress() -> Progress:
    # The progress bar goes to stderr: stdout contains only the table or the JSON.
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _show(values: dict[str, Any], table: Any, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
    else:
        Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    typer.run(main)
