"""Sign-in: users, sessions and tokens of one version are valid in the other."""

from itertools import product
from typing import Any

import httpx2
from hypothesis import strategies as st

from app.access.principal import Role
from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import fixed, law
from tests.laws.v1_v2.strategies import ADDRESSES, NAMES, VERSIONS
from tests.laws.v1_v2.tables.fields import ME, TOKENS, USER
from tests.support.app import PASSWORD, token_of


def sign_in(harness: VersionsHarness, version: str, email: str, password: str = PASSWORD) -> httpx2.Response:
    """Sign in with a password."""
    if version == "v1":
        return harness.stranger.v1.submit("/auth/login", username=email, password=password)
    return harness.stranger.v2.submit("/auth/token", grant_type="password", username=email, password=password)


def refresh(harness: VersionsHarness, version: str, token: str) -> httpx2.Response:
    """Refresh the tokens."""
    if version == "v1":
        return harness.stranger.v1.post("/auth/refresh", {"refresh_token": token})
    return harness.stranger.v2.submit("/auth/token", grant_type="refresh_token", refresh_token=token)


def tokens(harness: VersionsHarness, version: str, response: httpx2.Response) -> dict[str, Any]:
    """The shared values of a token response."""
    body = ok(response).json()
    shared = TOKENS.from_v1(harness, body) if version == "v1" else TOKENS.from_v2(harness, body)
    assert shared["token_type"] == "bearer"
    return shared


@law(0.5, address=ADDRESSES, name=NAMES, proving=VERSIONS)
def a_registration_creates_the_same_user(harness: VersionsHarness, address: str, name: str, proving: str) -> None:
    """The same user and the same mail; after verification through either version, both accept the sign-in."""
    accounts = []
    for version in ("v1", "v2"):
        with harness.rolled_back():
            _register(harness, version, address, name)
            (mail,) = harness.mails()
            assert not _users(harness, address), "the address is not verified yet"
            agree(harness, sign_in(harness, "v1", address), sign_in(harness, "v2", address))
            assert _prove(harness, proving, address, "wrong").status_code == 400
            agree(harness, _prove(harness, "v1", address, "wrong"), _prove(harness, "v2", address, "wrong"))
            assert _prove(harness, proving, address, token_of(mail)).is_success
            assert ok(_prove(harness, "v1", address, token_of(mail))).json() == {"message": "Email already verified"}
            assert _prove(harness, "v2", address, token_of(mail)).json()["code"] == "invalid_verification_token"
            for login in ("v1", "v2"):
                holder = harness.holder(tokens(harness, login, sign_in(harness, login, address))["access_token"])
                agree(harness, holder.v1.get("/auth/me"), holder.v2.get("/me"), ME)
                agree(harness, holder.v1.get("/users/me"), holder.v2.get("/me"), USER)
                assert ok(holder.v1.get("/auth/me")).json()["is_verified"]
            (account,) = _users(harness, address)
            assert (account["display_name"], account["is_verified"]) == (name, True)
            varying = {"id", "v1_id", "created_at", "updated_at"}
            kinds = [kind for kind, *_ in harness.events()]
            accounts.append(({k: v for k, v in account.items() if k not in varying}, mail.subject, mail.to, kinds))
    assert accounts[0] == accounts[1]


def _users(harness: VersionsHarness, address: str) -> list[dict[str, Any]]:
    listed = ok(harness.admin.v2.get("/users", limit=100)).json()["data"]
    return [user for user in listed if user["email"].lower() == address.lower()]


def _register(harness: VersionsHarness, version: str, address: str, name: str) -> httpx2.Response:
    if version == "v1":
        body = {"email": address, "password": PASSWORD, "name": name}
        response = ok(harness.stranger.v1.post("/auth/register", body))
        local, _, domain = address.partition("@")
        expected = {"message": "Please check your email to verify your account", "email": f"{local}@{domain.lower()}"}
        assert response.json() == expected
        return response
    body = {"email": address, "password": PASSWORD, "display_name": name}
    return ok(harness.stranger.v2.post("/auth/registrations", body))


def _prove(harness: VersionsHarness, version: str, address: str, token: str) -> httpx2.Response:
    if version == "v1":
        response = harness.stranger.v1.post("/auth/verify", {"email": address, "token": token})
        assert not response.is_success or response.json()["message"] in {
            "Email verified successfully", "Email already verified"
        }  # fmt: skip
        return response
    return harness.stranger.v2.post("/auth/verifications", {"token": token})


@fixed
def a_first_verification_is_distinguished(harness: VersionsHarness) -> None:
    """v1 distinguishes the first verification from a second one, with the mail of either version."""
    _register(harness, "v1", "first@example.com", "F")
    (mail,) = harness.mails()
    ok(harness.stranger.v2.post("/auth/verifications/resend", {"email": "first@example.com"}))
    proof = _prove(harness, "v1", "first@example.com", token_of(mail))
    assert proof.json() == {"message": "Email verified successfully"}


@law(0.4, making=VERSIONS, order=st.lists(VERSIONS, min_size=1, max_size=3))
def tokens_are_valid_in_both_versions(harness: VersionsHarness, making: str, order: list[str]) -> None:
    """Access tokens work in both. Late use of a refresh token that v2 rotated ends the session in both."""
    pair = tokens(harness, making, sign_in(harness, making, harness.ada.email))
    for version in order:
        used, pair = pair, tokens(harness, version, refresh(harness, version, pair["refresh_token"]))
        assert (used["refresh_token"] == pair["refresh_token"]) is (version == "v1")
    used, pair = pair, tokens(harness, "v2", refresh(harness, "v2", pair["refresh_token"]))
    for version in ("v1", "v2"):
        again = tokens(harness, version, refresh(harness, version, used["refresh_token"]))
        assert again["refresh_token"] == pair["refresh_token"], "a rotated token returns its successor for a while"
    holder = harness.holder(pair["access_token"])
    agree(harness, holder.v1.get("/auth/me"), holder.v2.get("/me"), ME)
    (session,) = ok(holder.v2.get("/auth/sessions")).json()["data"]
    assert session["current"]
    agree(harness, refresh(harness, "v1", pair["access_token"]), refresh(harness, "v2", pair["access_token"]))
    harness.fetch("UPDATE refresh_tokens SET spent_at = spent_at - interval '1 minute'")
    with harness.rolled_back():
        old = refresh(harness, "v1", used["refresh_token"])
        agree(harness, holder.v1.get("/auth/me"), holder.v2.get("/me"))
    new = refresh(harness, "v2", used["refresh_token"])
    agree(harness, old, new)
    agree(harness, holder.v1.get("/auth/me"), holder.v2.get("/me"))
    assert holder.v1.get("/auth/me").status_code == 401


@fixed
def a_session_names_its_client(harness: VersionsHarness) -> None:
    """The session names the client program, whichever version it signed in through."""
    program = {"User-Agent": "Rock/1.0"}
    form = {"username": harness.ada.email, "password": PASSWORD}
    logins = [
        ("v1", harness.stranger.v1.call("POST", "/auth/login", data=form, headers=program)),
        (
            "v2",
            harness.stranger.v2.call("POST", "/auth/token", data={**form, "grant_type": "password"}, headers=program),
        ),
    ]
    for version, response in logins:
        holder = harness.holder(tokens(harness, version, response)["access_token"])
        shown = [one for one in ok(holder.v2.get("/auth/sessions")).json()["data"] if one["current"]]
        assert [one["user_agent"] for one in shown] == ["Rock/1.0"]


@fixed
def failed_sign_ins_agree(harness: VersionsHarness) -> None:
    """Wrong password, unknown or unverified address, deactivated user, forged token."""
    fresh = harness.person("fresh", Role.AUTHOR, verified=False)
    idle = harness.person("idle", Role.AUTHOR)
    ok(harness.admin.v1.put(f"/users/{idle.number}", {"is_active": False}))
    for email, password in product(
        (fresh.email, idle.email, harness.ada.email, "unknown@example.com", harness.ada.email.upper()),
        (PASSWORD, "wrong password"),
    ):
        old, new = (sign_in(harness, version, email, password) for version in ("v1", "v2"))
        assert old.is_success == (password == PASSWORD and email.lower() == harness.ada.email)
        if not old.is_success:
            agree(harness, old, new)
            assert new.json()["error"] == "invalid_grant"
            assert new.json()["error_description"] == new.json()["detail"]
    for token in ("forged", "a.b.c"):
        agree(harness, refresh(harness, "v1", token), refresh(harness, "v2", token))


@law(0.3, action=st.sampled_from(["revoke access", "revoke refresh", "end session", "deactivate", "remove"]))
def a_sign_out_applies_to_both_versions(harness: VersionsHarness, action: str) -> None:
    """A sign-out in v2 applies to v1."""
    pair = tokens(harness, "v1", sign_in(harness, "v1", harness.bob.email))
    holder = harness.holder(pair["access_token"])
    ok(holder.v1.get("/auth/me"))
    if action.startswith("revoke"):
        ok(harness.stranger.v2.submit("/auth/revoke", token=pair[f"{action.split()[1]}_token"]))
    elif action == "end session":
        (session,) = ok(holder.v2.get("/auth/sessions")).json()["data"]
        ok(holder.v2.delete(f"/auth/sessions/{session['id']}"))
    elif action == "deactivate":
        ok(harness.admin.v2.patch(f"/users/{harness.bob.name}", {"is_active": False}))
    else:
        ok(harness.admin.v2.delete(f"/users/{harness.bob.name}"))
    agree(harness, holder.v1.get("/auth/me"), holder.v2.get("/me"))
    assert holder.v1.get("/auth/me").status_code == 401
    agree(harness, refresh(harness, "v1", pair["refresh_token"]), refresh(harness, "v2", pair["refresh_token"]))


@law(0.3, channel=st.sampled_from(["v1", "reset"]))
def a_new_password_applies_to_both_versions(harness: VersionsHarness, channel: str) -> None:
    """Set through v1, or with v2's reset mail; neither version accepts the old password."""
    changed = "another password"
    if channel == "v1":
        pair = tokens(harness, "v1", sign_in(harness, "v1", harness.ada.email))
        ok(harness.holder(pair["access_token"]).v1.put(f"/users/{harness.ada.number}", {"password": changed}))
    else:
        ok(harness.stranger.v2.post("/auth/password-resets", {"email": harness.ada.email}))
        (mail,) = harness.mails()
        ok(harness.stranger.v2.post("/auth/password-resets/confirm", {"token": token_of(mail), "password": changed}))
    for version in ("v1", "v2"):
        tokens(harness, version, sign_in(harness, version, harness.ada.email, changed))
    agree(harness, sign_in(harness, "v1", harness.ada.email), sign_in(harness, "v2", harness.ada.email))
