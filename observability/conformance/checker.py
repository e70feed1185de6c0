"""Takes exchanges off the event loop: a bounded queue, and one thread that judges, counts and logs."""

import threading
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

import structlog

from observability.conformance.exchange import Exchange

if TYPE_CHECKING:
    from observability.conformance.contract import Contract
    from observability.conformance.violation import CheckResult

Drop = Literal["queue_full", "too_large", "failed", "shutdown"]
_MOST_WAITING: Final = 128
_WAKE_AT: Final = 32
"""Waking a thread costs more than to put something into a queue, so there has to be some work."""
_PAUSE_SECONDS: Final = 0.5
_CLOSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceConfig:
    """What is held against which contract."""

    contracts: Mapping[str, tuple[str, Path]]
    """Version -> the prefix under which it is served, and its frozen document. What is not here is not judged."""
    body_bytes: int = 256 * 1024
    """The most that is kept of a body; a longer one is not judged."""


class ContractCounts(Protocol):
    """Where verdicts are counted."""

    def start_at_zero(self, versions: Collection[str], reasons: Collection[Drop]) -> None: ...

    def count_checked(self, version: str, direction: str, *, conforms: bool) -> None: ...

    def count_violation(self, version: str, route: str, direction: str, rule: str) -> None: ...

    def count_dropped(self, reason: Drop) -> None: ...


class ConformanceChecker:
    """Never blocks and never fails whoever offers; counts what it has to drop.

    Contracts are read and compiled by its thread when the first exchange of a version comes.
    """

    def __init__(
        self, config: ConformanceConfig, *, pause: float = _PAUSE_SECONDS, waiting: int = _MOST_WAITING
    ) -> None:
        self.versions = config.contracts.keys()
        self.body_bytes = config.body_bytes
        self._config = config
        self._pause = pause
        self._most = waiting
        self._waiting: deque[Exchange] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._contracts: dict[str, Contract] = {}
        self._counts: ContractCounts | None = None
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="contract-audit", daemon=True)

    def start(self, counts: ContractCounts) -> None:
        """Begin to judge. What is offered before waits, or is dropped uncounted."""
        self._counts = counts
        counts.start_at_zero(self.versions, get_args(Drop))
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has been started, and not closed."""
        return self._thread.is_alive()

    def submit(self, exchange: Exchange) -> None:
        """Take an exchange, or drop it where too many wait."""
        waiting = len(self._waiting)
        if waiting >= self._most:
            self.drop("queue_full")
            return
        self._waiting.append(exchange)
        if waiting == _WAKE_AT:
            self._wake.set()

    def drop(self, reason: Drop) -> None:
        """Count an exchange that is not judged."""
        if self._counts is not None:
            self._counts.count_dropped(reason)

    def close(self) -> None:
        """Judge what waits and stop, within a second. Blocks: not for a loop."""
        self._stopping = True
        self._wake.set()
        self._thread.join(_CLOSE_SECONDS)
        while self._next() is not None:
            self.drop("shutdown")

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._pause)
            self._wake.clear()
            while (exchange := self._next()) is not None:
                self._check(exchange)
                # Gives the interpreter's lock back, which the event loop would else wait for.
                sleep(0)

    def _next(self) -> Exchange | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def _check(self, exchange: Exchange) -> None:
        try:
            result = self._contract(exchange.version).check(exchange)
        except BaseException as error:  # noqa: BLE001 - whatever is wrong, a panic of the validator included, costs a verdict
            self.drop("failed")
            self._log.error("contract_audit_failed", error=type(error).__name__, **_place(exchange))
            return
        if result is not None and self._counts is not None:
            self._tell(exchange, result, self._counts)

    def _contract(self, version: str) -> "Contract":
        found = self._contracts.get(version)
        if found is None:
            # Here, so that a worker does not wait for the validator's library when it starts.
            from observability.conformance.contract import Contract  # noqa: PLC0415 - see above

            prefix, path = self._config.contracts[version]
            found = self._contracts[version] = Contract.read(path, prefix)
        return found

    def _tell(self, exchange: Exchange, result: "CheckResult", counts: ContractCounts) -> None:
        for direction in result.checked:
            counts.count_checked(exchange.version, direction, conforms=result.conforms(direction))
        for violation in result.violations:
            counts.count_violation(exchange.version, exchange.route, violation.direction, violation.rule)
            self._log.warning(
                "contract_violation",
                operation=result.operation,
                direction=violation.direction,
                rule=violation.rule,
                keyword=violation.keyword,
                pointer=violation.pointer,
                schema=violation.schema,
                **_place(exchange),
            )


def _place(exchange: Exchange) -> dict[str, str | int]:
    """Which exchange it was, as the access log calls it."""
    return {
        "request_id": exchange.request_id,
        "trace_id": exchange.trace_id,
        "span_id": exchange.span_id,
        "api_version": exchange.version,
        "http_route": exchange.route,
        "method": exchange.method,
        "status": exchange.status,
    }
