"""Delivers spans to a collector with the SDK's exporter: OTLP over HTTP, as protobuf."""

import logging
from typing import Any, Final

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult

from observability.tracing.spans import Finished, build

UNREACHABLE: Final = "unreachable"
REFUSED: Final = "refused"
_PATH: Final = "/v1/traces"


class Collector:
    """Delivers to one endpoint. ``OTEL_EXPORTER_OTLP_*`` may configure headers and certificates of the exporter."""

    def __init__(self, endpoint: str, timeout: float, resource: Resource) -> None:
        # The exporter logs every failure and every retry; the pipeline logs the failure once.
        logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL)
        self._resource = resource
        self._responded = False
        session = requests.Session()
        session.hooks["response"].append(self._record_response)
        self._exporter = OTLPSpanExporter(
            endpoint=endpoint.rstrip("/") + _PATH, timeout=timeout, session=session, compression=Compression.Gzip
        )

    def deliver(self, batch: list[Finished]) -> str | None:
        """See ``Destination``."""
        self._responded = False
        spans = [span for done in batch for span in build(done, self._resource)]
        if self._exporter.export(spans) is SpanExportResult.SUCCESS:
            return None
        return REFUSED if self._responded else UNREACHABLE

    def interrupt(self) -> None:
        """End the pause between two attempts and prevent further attempts."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped

    def _record_response(self, _response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        # The exporter reports success or failure only.
        self._responded = True
