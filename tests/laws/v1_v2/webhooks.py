"""Webhooks: those of v1 are endpoints of v2."""

from typing import Final

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import VERSIONS
from tests.laws.v1_v2.tables.fields import WEBHOOK

_URL: Final = "https://127.0.0.1:8443/hook"
_PATHS: Final = {"v1": "/webhooks", "v2": "/webhook-endpoints"}
_EVENTS: Final = st.lists(st.sampled_from(["post.created", "user.updated", "transfer.created"]), unique=True)
_ODD_URLS: Final = st.sampled_from(["", "https://10.0.0.1/hook", "https://[fc00::1]/", _URL])
_ODD_EVENTS: Final = st.sampled_from([[], ["post.created"], ["post.exploded"], ["Post"], [""]])


def _create(version: str, caller: Caller, url: str, events: list[str]) -> httpx2.Response:
    client = caller.v1 if version == "v1" else caller.v2
    return client.post(_PATHS[version], {"url": url, "events": events})


@law(version=VERSIONS, events=_EVENTS, disabled=st.booleans())
def an_endpoint_reads_alike(harness: VersionsHarness, version: str, events: list[str], *, disabled: bool) -> None:
    """What one version creates, both list; strangers see it in neither."""
    created = ok(_create(version, harness.ada, _URL, events))
    assert created.json()["secret"].startswith("whsec_")
    name = ok(harness.ada.v2.get("/webhook-endpoints")).json()["data"][0]["id"]
    if disabled:
        ok(harness.ada.v2.patch(f"/webhook-endpoints/{name}", {"state": "disabled"}))
    [old] = ok(harness.ada.v1.get("/webhooks")).json()
    new = ok(harness.ada.v2.get(f"/webhook-endpoints/{name}")).json()
    assert WEBHOOK.from_v1(harness, old) == WEBHOOK.from_v2(harness, new)
    assert (old["url"], old["events"], old["is_active"]) == (_URL, events, not disabled)
    assert new["api_version"] == version
    assert ok(harness.bob.v1.get("/webhooks")).json() == ok(harness.bob.v2.get("/webhook-endpoints")).json()["data"]


@law(url=_ODD_URLS, events=_ODD_EVENTS)
def new_endpoints_are_rejected_alike(harness: VersionsHarness, url: str, events: list[str]) -> None:
    """Which URLs and types are accepted does not depend on the version."""
    with harness.rolled_back():
        old = _create("v1", harness.ada, url, events)
    with harness.rolled_back():
        new = _create("v2", harness.ada, url, events)
    agree(harness, old, new)


@law(version=VERSIONS, stranger=st.booleans(), twice=st.booleans())
def a_removal_means_the_same(harness: VersionsHarness, version: str, *, stranger: bool, twice: bool) -> None:
    """It has the same failures, and afterwards no version lists the endpoint."""
    ok(_create(version, harness.ada, _URL, []))
    shown = ok(harness.ada.v2.get("/webhook-endpoints")).json()["data"][0]
    caller = harness.bob if stranger else harness.ada
    responses = []
    for deleting in ("v1", "v2"):
        with harness.rolled_back():
            path = f"/webhooks/{shown['v1_id']}" if deleting == "v1" else f"/webhook-endpoints/{shown['id']}"
            client = caller.v1 if deleting == "v1" else caller.v2
            response = client.call("DELETE", path)
            if twice:
                response = client.call("DELETE", path)
            left = ok(harness.ada.v1.get("/webhooks")).json()
            assert len(left) == len(ok(harness.ada.v2.get("/webhook-endpoints")).json()["data"]) == int(stranger)
            responses.append(response)
    agree(harness, *responses)


@law(version=VERSIONS, events=_EVENTS, trigger=st.sampled_from(["post.created", "transfer.created"]))
def a_trigger_tests_what_receives_the_event(
    harness: VersionsHarness, version: str, events: list[str], trigger: str
) -> None:
    """A trigger of v1 tests the active endpoints of both versions."""
    ok(_create(version, harness.ada, _URL, events))
    ok(_create("v2", harness.ada, _URL, []))
    newest = ok(harness.ada.v2.get("/webhook-endpoints")).json()["data"][0]["id"]
    ok(harness.ada.v2.patch(f"/webhook-endpoints/{newest}", {"state": "disabled"}))
    before = len(harness.events())
    ok(harness.ada.v1.post(f"/webhooks/trigger?event={trigger}"))
    tested = [kind for kind, *_ in harness.events()[before:]]
    assert tested == ["webhook_endpoint.tested"] * int(not events or trigger in events)
