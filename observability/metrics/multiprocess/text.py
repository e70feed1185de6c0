"""Writes merged metrics in Prometheus' text format and in OpenMetrics 1.0.

prometheus_client's encoders build an object and a dictionary for each line and format each number again, which takes
five times as long; requests wait meanwhile, because the encoders hold the interpreter lock. They are the reference in
the tests, and still write the formats that only special scrapers request.
"""

from collections.abc import Iterator
from functools import lru_cache

from prometheus_client.utils import floatToGoString

from observability.metrics.multiprocess.layout import Exemplar, Family
from observability.metrics.multiprocess.snapshot import Merged, Point

_number = lru_cache(maxsize=16_384)(floatToGoString)


def write(merged: Merged, *, openmetrics: bool) -> bytes:
    """Write every family, sorted by name. Metric names consist of letters and underscores; the code defines them."""
    lines: list[str] = []
    for name, points in sorted(merged.points.items()):
        family = merged.families[name]
        lines += _head(family, openmetrics=openmetrics)
        for labels, point in sorted(points.items()):
            lines += _series(family, labels, point, openmetrics=openmetrics)
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines).encode()


def _head(family: Family, *, openmetrics: bool) -> tuple[str, str]:
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    name = family.name
    if openmetrics:
        text = text.replace('"', r"\"")
    elif family.kind == "counter":
        name = f"{name}_total"
    return f"# HELP {name} {text}\n", f"# TYPE {name} {family.kind}\n"


def _series(family: Family, labels: tuple[str, ...], point: Point, *, openmetrics: bool) -> Iterator[str]:
    pairs = [(name, f'{name}="{_escaped(value)}"') for name, value in sorted(zip(family.labels, labels, strict=True))]
    inside = ",".join(pair for _, pair in pairs)
    braces = f"{{{inside}}}" if inside else ""
    if family.kind == "histogram":
        yield from _buckets(family, pairs, point, openmetrics=openmetrics)
        yield f"{family.name}_count{braces} {_number(sum(point.values[:-1]))}\n"
        yield f"{family.name}_sum{braces} {_number(point.values[-1])}\n"
    elif family.kind == "summary":
        yield f"{family.name}_count{braces} {_number(point.values[0])}\n"
        yield f"{family.name}_sum{braces} {_number(point.values[1])}\n"
    else:
        suffix = "_total" if family.kind == "counter" else ""
        yield f"{family.name}{suffix}{braces} {_number(point.values[0])}\n"


def _buckets(family: Family, pairs: list[tuple[str, str]], point: Point, *, openmetrics: bool) -> Iterator[str]:
    # Labels are sorted by name, and ``le`` is one of them.
    before = "".join(f"{pair}," for name, pair in pairs if name < "le")
    after = "".join(f",{pair}" for name, pair in pairs if name > "le")
    start = f'{family.name}_bucket{{{before}le="'
    end = f'"{after}}} '
    total = 0.0
    exemplars = point.exemplars if openmetrics else {}
    for number, limit in enumerate(_limits(family.bounds)):
        total += point.values[number]
        exemplar = exemplars.get(number) if exemplars else None
        yield f"{start}{limit}{end}{_number(total)}{'' if exemplar is None else _exemplar(exemplar)}\n"


def _exemplar(exemplar: Exemplar) -> str:
    ids = f'span_id="{exemplar.span_id}",trace_id="{exemplar.trace_id}"'
    return f" # {{{ids}}} {_number(exemplar.value)} {exemplar.time}"


@lru_cache(maxsize=64)
def _limits(bounds: tuple[float, ...]) -> tuple[str, ...]:
    return (*map(floatToGoString, bounds), "+Inf")


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
