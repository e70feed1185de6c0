"""Checks exchanges against one frozen contract."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from observability.conformance.exchange import Exchange
from observability.conformance.operation import Operation, Reader
from observability.conformance.request_checks import check_request
from observability.conformance.response_checks import check_response
from observability.conformance.schemas import Schemas, Steps
from observability.conformance.violation import CheckResult, Violation

_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
_SUCCESS: Final = range(200, 300)


class Contract:
    """A document, its operations and their schemas; each is read and compiled on first use."""

    def __init__(self, document: Mapping[str, Any], prefix: str) -> None:
        self._reader = Reader(document)
        self._request_schemas = Schemas(document, "request")
        self._response_schemas = Schemas(document, "response")
        self._paths = {f"{prefix}{path}": (path, item) for path, item in document.get("paths", {}).items()}
        self._operations: dict[Steps, Operation] = {}
        self._names = frozenset(_names(document))

    @classmethod
    def read(cls, path: Path, prefix: str) -> "Contract":
        """Read the contract from a file. Raises ``OSError``, and ``ValueError`` if it contains no JSON object."""
        document = orjson.loads(path.read_bytes())
        if not isinstance(document, dict):
            message = f"{path} must contain a JSON object, got {type(document).__name__}"
            raise ValueError(message)  # noqa: TRY004 - ValueError, as for every other unusable file
        return cls(document, prefix)

    def check(self, exchange: Exchange) -> CheckResult | None:
        """Check the response, and the request if it was accepted.

        Returns ``None`` for a route outside the contract, such as the documentation pages.
        """
        path, item = self._paths.get(exchange.route, ("", None))
        if item is None:
            return None
        # A contract that declares GET also allows HEAD: the same without a body (RFC 9110, section 9.3.2).
        head = exchange.method == "HEAD" and "head" not in item
        operation = self._operation(path, item, "get" if head else exchange.method.lower())
        accepted = exchange.status in _SUCCESS
        if operation is None:
            # A rejected request to an undeclared operation violates nothing.
            return CheckResult(None, ("response",), (Violation("response", "operation"),)) if accepted else None
        violations = list(check_response(operation, exchange, self._response_schemas, head=head, names=self._names))
        if not accepted:
            return CheckResult(operation.name, ("response",), tuple(violations))
        violations += check_request(operation, exchange, self._request_schemas, names=self._names)
        return CheckResult(operation.name, ("response", "request"), tuple(violations))

    def _operation(self, path: str, item: Mapping[str, Any], method: str) -> Operation | None:
        if method not in _METHODS or method not in item:
            return None
        steps = ("paths", path, method)
        found = self._operations.get(steps)
        if found is None:
            found = self._operations[steps] = self._reader.operation(steps)
        return found


def _names(node: Any) -> Iterator[str]:
    """Yield the names of all members that the contract declares; any other name may be personal data."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"]
        for inner in node.values():
            yield from _names(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _names(inner)
