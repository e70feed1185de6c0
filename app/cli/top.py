"""``strata top``: shows rate, errors and duration by version and route."""

import http.client
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Final
from urllib.error import URLError

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.cli.kit.consumers import compare_consumers, consumer_names, read_consumers
from app.cli.kit.environment import with_database
from app.cli.kit.local_server import server_url
from app.cli.kit.output import AsJson, CommandError, show_json, show_table
from app.cli.kit.red_metrics import Reading, Red, Route, compare, read
from app.settings.loading import load_settings
from app.settings.metrics import MetricsSettings

_TIMEOUT: Final = 5
_BAD: Final = 0.01


def top(
    url: Annotated[str | None, typer.Option(help="URL of the server; default: the server of this STRATA_HOME.")] = None,
    interval: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between two scrapes.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Compare two scrapes and exit.")] = False,
    consumers: Annotated[
        bool,
        typer.Option("--consumers", help="Compare two scrapes by consumer, with names from the database."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Watch the requests to a server by version and route. Ctrl-C exits."""
    base = server_url(url)
    if consumers:
        _show_consumers(base, interval, as_json=as_json)
        return
    before, started = _reading(base), time.monotonic()
    if once or as_json:
        time.sleep(interval)
        rows = compare(before, _reading(base), time.monotonic() - started)
        if as_json:
            show_json([asdict(row) for row in rows])
        else:
            Console(highlight=False).print(_table(rows, base))
        return
    with Live(_table([], base), auto_refresh=False, screen=True) as live:
        try:
            while True:
                time.sleep(interval)
                after, now = _reading(base), time.monotonic()
                live.update(_table(compare(before, after, now - started), base), refresh=True)
                before, started = after, now
        except KeyboardInterrupt:
            return


def _show_consumers(base: str, interval: float, *, as_json: bool) -> None:
    before, started = read_consumers(_scrape(base)), time.monotonic()
    time.sleep(interval)
    after, seconds = read_consumers(_scrape(base)), time.monotonic() - started
    names = with_database(partial(consumer_names, after))
    rows = compare_consumers(before, after, seconds, names)
    if as_json:
        show_json([asdict(row) for row in rows])
        return
    show_table(
        ("consumer", "req/s", "429", "5xx", "mean"),
        [
            (row.name, f"{row.rate:.1f}", f"{row.limited:.1%}", f"{row.errors:.1%}", f"{row.mean * 1000:.1f} ms")
            for row in rows
        ],
        empty="No requests. `strata traffic` sends some.",
    )


def _reading(base: str) -> dict[Route, Reading]:
    return read(_scrape(base))


def _scrape(base: str) -> str:
    request = urllib.request.Request(f"{base}/metrics", headers={"Accept": "text/plain"})  # noqa: S310 - http(s) only, see below
    if (token := load_settings()[MetricsSettings].token) is not None:
        request.add_header("Authorization", f"Bearer {token.get_secret_value()}")
    if request.type not in {"http", "https"}:
        message = f"--url must start with http:// or https://, got '{base}'."
        raise CommandError(message)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310 - checked above
            text: str = response.read().decode()
            return text
    except (URLError, http.client.HTTPException, OSError) as error:
        message = f"{base}/metrics cannot be read: {error}"
        raise CommandError(
            message, "Run `strata up`, or pass --url, with the port of STRATA_METRICS__PORT if that is set."
        ) from None


def _table(rows: Sequence[Red], base: str) -> Table:
    table = Table(title=f"{base}  {time.strftime('%H:%M:%S')}", box=None, header_style="bold", pad_edge=False)
    for column in ("version", "method", "route"):
        table.add_column(column)
    for column in ("req/s", "5xx", "p50", "p95", "p99"):
        table.add_column(column, justify="right")
    for row in rows:
        errors = Text(f"{row.errors:.1%}", style="bold red" if row.errors >= _BAD else "")
        durations = ("-" if seconds is None else f"{seconds * 1000:.1f} ms" for seconds in (row.p50, row.p95, row.p99))
        table.add_row(row.version, row.method, row.route, f"{row.rate:.1f}", errors, *durations)
    if not rows:
        table.caption = "No requests. `strata traffic` sends some."
    return table
