"""OTLP over HTTP, as protobuf: the SDK's exporter."""

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
    """Delivers to one endpoint. Headers and certificates may be given in the exporter's ``OTEL_EXPORTER_OTLP_*``."""

    def __init__(self, endpoint: str, timeout: float, resource: Resource) -> None:
        # It reports every failure and every retry; the pipeline says once what is the matter.
        logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL)
        self._resource = resource
        self._answered = False
        session = requests.Session()
        session.hooks["response"].append(self._note_answer)
        self._exporter = OTLPSpanExporter(
            endpoint=endpoint.rstrip("/") + _PATH, timeout=timeout, session=session, compression=Compression.Gzip
        )

    def deliver(self, batch: list[Finished]) -> str | None:
        """See ``Destination``."""
        self._answered = False
        spans = [span for done in batch for span in build(done, self._resource)]
        if self._exporter.export(spans) is SpanExportResult.SUCCESS:
            return None
        return REFUSED if self._answered else UNREACHABLE

    def interrupt(self) -> None:
        """End a pause between two attempts, and let there be no other."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped

    def _note_answer(self, _response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        # The exporter tells success from failure only.
        self._answered = True
