"""CPU per request of each variant, measured in turn, so that load on the machine affects all variants alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.benchmarks.load import SHED, Job
from tests.benchmarks.plan import CONNECTIONS, Variant
from tests.benchmarks.processes import BenchmarkError, LoadGenerator, Processes, Server

_OK: Final = 200


@dataclass(frozen=True)
class Effort:
    """The number of rounds, and the share of a workload's requests that one round sends."""

    rounds: int
    share: float

    def requests(self, count: int) -> int:
        """The number of requests in one round."""
        return max(CONNECTIONS, int(count * self.share))


@dataclass
class Measurement:
    """One workload on one variant: a value for each round."""

    cpu: list[float] = field(default_factory=list)
    """Microseconds of CPU per request."""
    p99: list[float] = field(default_factory=list)
    """Milliseconds. Not comparable between runs: it depends on the load generator and on the machine."""

    rate: list[float] = field(default_factory=list)
    """Requests per second. Comparable within a round only."""

    @property
    def value(self) -> float:
        """The median CPU of the rounds."""
        return median(self.cpu)


Results = Mapping[tuple[str, str], Measurement]
"""By the names of variant and workload."""


def start(
    processes: Processes, variants: Sequence[Variant], generator: LoadGenerator, *, may_fail: bool = False
) -> dict[str, Server]:
    """Start all servers, and return those that respond with 200.

    Another status raises ``BenchmarkError``, or leaves the server out with ``may_fail``.
    """
    started = {
        variant.name: processes.serve(variant.name, variant.program, variant.variables, variant.root)
        for variant in variants
    }
    ready = {}
    for variant in variants:
        path = next(iter(variant.workloads.values())).paths[0]
        status = generator.wait_for_response(started[variant.name], path, variant.headers)
        if status == _OK:
            ready[variant.name] = started[variant.name]
        elif not may_fail:
            message = f"{variant.name} must respond to {path} with 200, got {status}"
            raise BenchmarkError(message)
    return ready


def measure(
    servers: Mapping[str, Server],
    variants: Sequence[Variant],
    generator: LoadGenerator,
    effort: Effort,
    advance: Callable[[str], None],
) -> Results:
    """Run every workload of every variant, once to warm up and then once per round.

    ``advance`` is called with a description before each. Raises ``BenchmarkError`` for an unexpected status.
    """
    cells = [(variant, workload) for variant in variants for workload in variant.workloads]
    results = {(variant.name, workload): Measurement() for variant, workload in cells}
    # Sorted by workload: the two sides of a ratio are measured within seconds.
    cells.sort(key=lambda cell: cell[1])
    for number in range(effort.rounds + 1):
        for variant, workload in cells if number % 2 else reversed(cells):
            advance(f"{variant.name}: {workload}")
            requests = effort.requests(variant.workloads[workload].count)
            count = requests if number else max(CONNECTIONS, requests // 4)
            cpu, p99, rate = _once(servers[variant.name], variant, workload, generator, count)
            if number:
                result = results[variant.name, workload]
                result.cpu.append(cpu)
                result.p99.append(p99)
                result.rate.append(rate)
    return results


def steps(variants: Sequence[Variant], effort: Effort) -> int:
    """The number of times that ``measure`` calls ``advance``."""
    return (effort.rounds + 1) * sum(len(variant.workloads) for variant in variants)


def _once(
    server: Server, variant: Variant, workload: str, generator: LoadGenerator, count: int
) -> tuple[float, float, float]:
    load = variant.workloads[workload]
    before = server.cpu
    tally = generator.run(Job(server.port, load.paths, variant.headers, count, load.connections, bodies=load.bodies))
    spent = server.cpu - before
    if not set(tally.statuses) - {SHED} or set(tally.statuses) - load.accepted or tally.statuses.total() != count:
        message = f"{variant.name}: {workload}: {count} requests got the statuses {dict(tally.statuses)}"
        raise BenchmarkError(message)
    return per_request(spent, count), tally.percentile(0.99) * 1000, count / tally.seconds


def per_request(seconds: float, count: int) -> float:
    """CPU seconds of a round as microseconds per request."""
    return seconds * 1e6 / count
