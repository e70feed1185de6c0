"""Compares two OpenAPI or AsyncAPI documents and reports what the change does to clients of the old one."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from contracts.compat.channels import asyncapi_document, compare_channels, is_asyncapi
from contracts.compat.comparison import Comparison
from contracts.compat.document import Document
from contracts.compat.engine import Engine
from contracts.compat.findings import DiffFinding, Report, Severity
from contracts.compat.loading import NotOpenAPI, load
from contracts.compat.paths import compare_paths
from contracts.compat.places import place_of
from contracts.compat.schemas import compare
from contracts.compat.security import compare_schemes
from contracts.compat.webhooks import compare_webhooks

__all__ = ["DiffFinding", "NotOpenAPI", "Report", "Severity", "diff", "load"]


def diff(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    today: date | None = None,
    pairs: Mapping[str, str] = MappingProxyType({}),
    located: bool = False,
) -> Report:
    """Compare two OpenAPI 3 or two AsyncAPI 3 documents. `today` decides whether a sunset has passed.

    `pairs` maps operations of the old document to their successors under another method or path, as between two
    versions of an API: `{"PUT /posts/{id}": "PATCH /posts/{id}"}`. Raises ``KeyError`` for a successor that does not
    exist, and ``NotOpenAPI`` for documents of different kinds.

    `located`: each finding gets its places in operations, by which impact analysis finds the consumers that use them.
    """
    today = today or datetime.now(UTC).date()
    kinds = {is_asyncapi(old), is_asyncapi(new)}
    if len(kinds) > 1:
        raise NotOpenAPI("one document is OpenAPI and the other one is AsyncAPI")
    with _garbage_collection_paused():
        if kinds == {True}:
            return _compare_asyncapi(old, new, today, located=located)
        return _compare_documents(old, new, today, pairs, located=located)


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pause the garbage collector, which takes half of the time and finds nothing: results live until the end."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _compare_asyncapi(old: Mapping[str, Any], new: Mapping[str, Any], today: date, *, located: bool) -> Report:
    before, after = asyncapi_document(old), asyncapi_document(new)
    comparison = Comparison(before, after, Engine(before, after, compare, today), today, located)
    compare_channels(comparison)
    return Report.of(comparison.findings)


def _compare_documents(
    old: Mapping[str, Any], new: Mapping[str, Any], today: date, pairs: Mapping[str, str], *, located: bool
) -> Report:
    before, after = Document(old), Document(new)
    comparison = Comparison(before, after, Engine(before, after, compare, today), today, located)
    for rule, *path in (("openapi-version-changed", "openapi"), ("api-version-changed", "info", "version")):
        was, now = before.root.at(*path), after.root.at(*path)
        if was.value != now.value:
            comparison.report(rule, now.pointer, old=was.value, new=now.value)
    compare_paths(comparison, pairs)
    compare_webhooks(comparison)
    compare_schemes(comparison)
    return Report.of(comparison.findings, place_of(before, after))
