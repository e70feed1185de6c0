"""Compares responses of v1 and v2."""

from collections.abc import Mapping
from types import MappingProxyType

import httpx2

from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.tables.failures import ensure_same_failure
from tests.laws.v1_v2.tables.fields import Shape, Shared


def ok(response: httpx2.Response) -> httpx2.Response:
    """The response, which must be a success."""
    assert response.is_success, (response.request.method, str(response.request.url), response.text)
    return response


def agree(
    harness: VersionsHarness,
    old: httpx2.Response,
    new: httpx2.Response,
    shape: Shape | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Both responses succeeded with equal shared values, or both failed for the same reason.

    ``names`` are v2's for what v1 calls otherwise.
    """
    if old.is_success and new.is_success:
        if shape is not None:
            assert shape.from_v1(harness, old.json()) == shape.from_v2(harness, new.json())
        return
    assert not old.is_success, (old.text, new.text)
    assert not new.is_success, (old.text, new.text)
    ensure_same_failure(old, new, names)


def without_times(shared: Shared) -> Shared:
    """Shared values without times, which differ between two runs."""
    return {name: value for name, value in shared.items() if name not in {"created_at", "updated_at"}}


def revision(response: httpx2.Response) -> str:
    """The part of an entity tag that counts revisions."""
    tag: str = response.headers["ETag"]
    return tag.strip('"').partition("-")[0]
