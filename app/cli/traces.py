"""``strata traces``: shows locally stored traces as trees."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from app.cli.kit.environment import read_settings
from app.cli.kit.output import AsJson, say, show_json
from app.cli.kit.parameters import Limit
from app.settings.tracing import TracingSettings
from app.wiring import ring_folder
from observability.tracing.local import LocalTrace, read_ring

_BILLION: Final = 1_000_000_000
_MILLI: Final = 1_000
_SHOWN: Final = ("http.response.status_code", "api.version", "api.consumer.tier", "strata.job.attempt", "error.type")


def traces(
    as_json: AsJson = False,
    limit: Limit = 10,
    slow: Annotated[
        bool, typer.Option("--slow", help="Only traces slower than STRATA_TRACING__SLOW_THRESHOLD.")
    ] = False,
    errors: Annotated[bool, typer.Option("--errors", help="Only traces with an error.")] = False,
) -> None:
    """Show recent traces, newest first. Without STRATA_TRACING__ENDPOINT they are stored in STRATA_HOME.

    `strata up` stores every trace in development. Elsewhere STRATA_TRACING__SAMPLE_RATIO sets the share of stored
    traces; errors and slow requests are always stored.
    """
    settings = read_settings()
    folder = ring_folder(settings.home)
    threshold = settings[TracingSettings].slow_threshold * _MILLI
    found = [
        trace
        for trace in read_ring(folder)
        if (not slow or trace.longest_ms > threshold) and (not errors or trace.failed)
    ][:limit]
    if as_json:
        show_json(
            [{"trace_id": trace.trace_id, "started_at": _started(trace), "spans": trace.spans} for trace in found]
        )
        return
    console = Console(highlight=False)
    for trace in found:
        console.print(_tree(trace), soft_wrap=True)
    if not found:
        endpoint = settings[TracingSettings].endpoint
        advice = f"Traces are sent to {endpoint}." if endpoint else "Send a request first."
        say(f"No matching traces in {folder}. {advice}")


def _started(trace: LocalTrace) -> datetime:
    return datetime.fromtimestamp(trace.started_ns / _BILLION, UTC)


def _tree(trace: LocalTrace) -> Tree:
    tree = Tree(Text.assemble((trace.trace_id, "bold"), f"  {_started(trace):%Y-%m-%d %H:%M:%S} UTC"))
    for root in trace.roots():
        _add_span(tree, trace, root)
    return tree


def _add_span(tree: Tree, trace: LocalTrace, span: dict[str, Any]) -> None:
    branch = tree.add(_label(span))
    for event in span["events"]:
        attributes = event["attributes"]
        branch.add(
            Text(f"{attributes.get('exception.type', event['name'])}: {attributes.get('exception.message', '')}")
        )
    for child in trace.below(span["span_id"]):
        _add_span(branch, trace, child)


def _label(span: dict[str, Any]) -> Text:
    shown = [str(span["attributes"][name]) for name in _SHOWN if name in span["attributes"]]
    return Text.assemble(
        (span["name"], "bold red" if span["error"] else ""),
        (f"  {span['duration_ms']:.1f} ms", "cyan"),
        (f"  {' '.join(shown)}" if shown else "", "dim"),
    )
