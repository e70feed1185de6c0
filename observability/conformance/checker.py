"""Checks sampled exchanges against the contracts in a background thread, counts results and logs violations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

import structlog

from observability.concurrency.background_queue import PAUSE_SECONDS, BackgroundQueue
from observability.conformance.exchange import Exchange

if TYPE_CHECKING:
    from observability.conformance.contract import Contract
    from observability.conformance.violation import CheckResult

_LOG: Final = structlog.get_logger()
Drop = Literal["queue_full", "too_large", "failed", "shutdown"]
_MOST_WAITING: Final = 128
_WAKE_AT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceConfig:
    """Which contract each version is checked against."""

    contracts: Mapping[str, tuple[str, Path]]
    """Version -> the prefix under which it is served, and its frozen document. Other versions are not checked."""
    body_bytes: int = 256 * 1024
    """The most bytes that are buffered of a body; exchanges with longer bodies are not checked."""


class ContractCounts(Protocol):
    """Counts results."""

    def start_at_zero(self, versions: Collection[str], reasons: Collection[Drop]) -> None: ...

    def count_checked(self, version: str, direction: str, *, conforms: bool) -> None: ...

    def count_violation(self, version: str, route: str, direction: str, rule: str) -> None: ...

    def count_dropped(self, reason: Drop) -> None: ...


class ConformanceChecker:
    """Queues exchanges and checks them. ``submit`` never blocks and never raises; dropped exchanges are counted.

    The thread reads and compiles a contract when the first exchange of its version arrives.
    """

    def __init__(
        self, config: ConformanceConfig, *, pause: float = PAUSE_SECONDS, waiting: int = _MOST_WAITING
    ) -> None:
        self.versions = config.contracts.keys()
        self.body_bytes = config.body_bytes
        self._config = config
        self._contracts: dict[str, Contract] = {}
        self._counts: ContractCounts | None = None
        self._queue: BackgroundQueue[Exchange] = BackgroundQueue(
            self._check,
            name="contract-check",
            size=waiting,
            batch=1,
            wake_at=_WAKE_AT,
            pause=pause,
        )

    def start(self, counts: ContractCounts) -> None:
        """Start to check. Exchanges submitted before wait, or are dropped without being counted."""
        self._counts = counts
        counts.start_at_zero(self.versions, get_args(Drop))
        self._queue.start()

    @property
    def running(self) -> bool:
        """Whether the checker is started and not closed."""
        return self._queue.running

    def submit(self, exchange: Exchange) -> None:
        """Queue an exchange, or drop it when too many wait."""
        if (reason := self._queue.submit(exchange)) is not None:
            self.drop(reason)

    def drop(self, reason: Drop) -> None:
        """Count an exchange that is not checked."""
        if self._counts is not None:
            self._counts.count_dropped(reason)

    def close(self) -> None:
        """Check what waits and stop, within a second. Blocks: not for an event loop."""
        for _ in self._queue.close():
            self.drop("shutdown")

    def _check(self, exchanges: list[Exchange]) -> bool:
        (exchange,) = exchanges
        try:
            result = self._contract(exchange.version).check(exchange)
        except BaseException as error:  # noqa: BLE001 - any failure, a panic of the validator included, costs one result
            if not self._queue.abandoned:
                self.drop("failed")
                _LOG.error("contract_audit_failed", error=type(error).__name__, **_fields(exchange))
            return True
        if result is not None and self._counts is not None and not self._queue.abandoned:
            self._report(exchange, result, self._counts)
        return True

    def _contract(self, version: str) -> "Contract":
        found = self._contracts.get(version)
        if found is None:
            # Imported here so that a worker does not load the validator at start.
            from observability.conformance.contract import Contract  # noqa: PLC0415 - see above

            prefix, path = self._config.contracts[version]
            found = self._contracts[version] = Contract.read(path, prefix)
        return found

    def _report(self, exchange: Exchange, result: "CheckResult", counts: ContractCounts) -> None:
        for direction in result.checked:
            counts.count_checked(exchange.version, direction, conforms=result.conforms(direction))
        for violation in result.violations:
            counts.count_violation(exchange.version, exchange.route, violation.direction, violation.rule)
            _LOG.warning(
                "contract_violation",
                operation=result.operation,
                direction=violation.direction,
                rule=violation.rule,
                keyword=violation.keyword,
                pointer=violation.pointer,
                schema=violation.schema,
                **_fields(exchange),
            )


def _fields(exchange: Exchange) -> dict[str, str | int]:
    """The log fields that identify the exchange, named as in the access log."""
    return {
        "request_id": exchange.request_id,
        "trace_id": exchange.trace_id,
        "span_id": exchange.span_id,
        "api_version": exchange.version,
        "http_route": exchange.route,
        "method": exchange.method,
        "status": exchange.status,
    }
