"""Sign-in with a provider: visits of both versions act on one store of identities."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx2
from hypothesis import strategies as st

from app.access.principal import Role
from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.sessions import tokens
from tests.laws.v1_v2.strategies import VERSIONS
from tests.laws.v1_v2.tables.fields import ME
from tests.support.hostile_provider import NAME
from tests.support.provider_sign_in import URLS

_PASSWORD: Final = "another horse battery"
_SUBJECTS: Final = st.text("abc123-_", min_size=1, max_size=8)
_PAGE: Final = "https://evil.example"
Claims = dict[str, Any]
Change = Callable[[dict[str, str]], object]
_REPLIES: Final[dict[str, Change]] = {
    "honest": lambda _reply: None,
    "another issuer": lambda reply: reply.update(iss=_PAGE),
    "unknown state": lambda reply: reply.update(state="unknown"),
    "no state": lambda reply: reply.pop("state"),
    "no code": lambda reply: reply.pop("code"),
    "an error": lambda reply: reply.update(error="access_denied"),
}
_CLAIMS: Final[dict[str, Claims]] = {
    "verified": {},
    "unverified": {"email_verified": False},
    "a text": {"email_verified": "true"},
    "no address": {"email": None},
    "another audience": {"aud": "another"},
    "another nonce": {"nonce": "another"},
}


def sign_in(
    harness: VersionsHarness, version: str, claims: Claims, change: Change = _REPLIES["honest"]
) -> httpx2.Response:
    """The response of the callback after a visit that a version started."""
    start, callback = (path.format(NAME) for path in URLS[version])
    location = harness.request("GET", start).headers["location"]
    harness.provider.claims = claims
    reply = harness.provider.authorize(location)
    change(reply)
    return harness.request("GET", callback, params=reply)


def user_of(harness: VersionsHarness, version: str, response: httpx2.Response) -> Caller:
    """The caller with the tokens of a callback, which are valid in both versions."""
    body = ok(response).json() if version == "v1" else ok(response).json()["tokens"]
    assert tokens(harness, version, httpx2.Response(200, json=body))["access_token"]
    holder = harness.holder(body["access_token"])
    agree(harness, holder.v1.get("/auth/me"), holder.v2.get("/me"), ME)
    return holder


def ensure_alike(old: httpx2.Response, new: httpx2.Response) -> None:
    """Both callbacks succeeded, or were rejected with the same detail, which names the check that failed."""
    assert old.status_code == new.status_code, (old.text, new.text)
    assert old.is_success or old.json()["detail"] == new.json()["detail"]


def identities(caller: Caller) -> list[dict[str, Any]]:
    """The identities that v2 lists; v1 shows none."""
    listed: list[dict[str, Any]] = ok(caller.v2.get("/me/identities")).json()["data"]
    return listed


@law(0.5, subject=_SUBJECTS, steps=st.lists(VERSIONS, min_size=2, max_size=4))
def sign_ins_of_both_versions_act_on_one_store(harness: VersionsHarness, subject: str, steps: Sequence[str]) -> None:
    """One user with one identity, whichever version is used; both reject an identity that v2 unlinked, alike."""
    claims = {"sub": subject, "email": "linus@example.com"}
    users, shown = set(), set()
    for version in steps:
        holder = user_of(harness, version, sign_in(harness, version, claims))
        users.add(ok(holder.v2.get("/me")).json()["id"])
        (identity,) = identities(holder)
        assert (identity["provider"], identity["email"]) == (NAME, "linus@example.com")
        shown.add(identity["id"])
    assert (len(users), len(shown)) == (1, 1)
    path = f"/me/identities/{shown.pop()}"
    assert ok(holder.v2.get(path)).json()["last_used_at"] is not None
    assert holder.v2.delete(path).json()["code"] == "last_sign_in_method"
    ok(holder.v2.call("PUT", "/me/password", json={"password": _PASSWORD}))
    ok(holder.v2.delete(path))
    assert identities(holder) == []
    ensure_alike(sign_in(harness, "v1", claims), rejected := sign_in(harness, "v2", claims))
    assert rejected.json()["code"] == "identity_confirmation_required"
    assert identities(holder) == [], "a rejected sign-in links nothing"


@law(linking=VERSIONS, signing=VERSIONS)
def an_identity_that_one_version_links_signs_in_through_the_other(
    harness: VersionsHarness, linking: str, signing: str
) -> None:
    """An unverified user is handed over by one version, and the other signs in the same user with the identity."""
    unverified = harness.person("uma", Role.AUTHOR, verified=False)
    claims = {"sub": "uma", "email": unverified.email}
    first = user_of(harness, linking, sign_in(harness, linking, claims))
    again = user_of(harness, signing, sign_in(harness, signing, {"sub": "uma", "email": None}))
    assert {ok(each.v1.get("/auth/me")).json()["id"] for each in (first, again)} == {unverified.number}
    assert identities(first) == identities(again)
    for client in (unverified.v1.get("/auth/me"), unverified.v2.get("/me")):
        assert client.status_code == 401, "the earlier key is revoked"


@law(reply=st.sampled_from(sorted(_REPLIES)), claims=st.sampled_from(sorted(_CLAIMS)))
def callbacks_are_rejected_alike(harness: VersionsHarness, reply: str, claims: str) -> None:
    """Both versions accept the same responses of a provider, reject others for the same reason, and change nothing."""
    given = {"sub": "new", "email": "new@example.com", **_CLAIMS[claims]}
    responses, users = [], "SELECT count(*) FROM users"
    for version in ("v1", "v2"):
        with harness.rolled_back():
            before = harness.fetch(users)
            responses.append(sign_in(harness, version, given, _REPLIES[reply]))
            assert (harness.fetch(users) == before) != responses[-1].is_success
    ensure_alike(*responses)
    assert responses[0].is_success == (reply == "honest" and claims == "verified")
