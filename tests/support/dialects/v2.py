"""The requests and responses of v2."""

from typing import Any, ClassVar, Final

import httpx2

from app.ledger.views import AccountView
from app.models import User
from tests.support.app import PASSWORD, Person
from tests.support.dialects.dialect import Dialect, Json, Request
from versions.kit.typeid import encode

_MEMBERS: Final = {"type", "title", "status", "detail", "instance", "code", "request_id", "trace_id", "errors"}


class V2(Dialect):
    """TypeIDs, and failures that are problem details."""

    name: ClassVar = "v2"
    me: ClassVar = "/api/v2/me"
    login_url: ClassVar = "/api/v2/auth/token"
    provider_urls: ClassVar = ("/api/v2/auth/providers/{}/authorize", "/api/v2/auth/providers/{}/callback")
    searches: ClassVar = {"/api/v2/posts": "q", "/api/v2/search/posts": "q"}
    failure_type: ClassVar = "application/problem+json"
    has_codes: ClassVar = True
    verified_again: ClassVar = 400
    rate_limit_headers: ClassVar = frozenset({"RateLimit-Policy", "RateLimit"})
    shared_rate_limit_headers: ClassVar = frozenset({"RateLimit-Policy"})
    upload_url: ClassVar = "/api/v2/files"
    largest_upload: ClassVar = 5 * 1024**3
    wrong_extension: ClassVar = 415
    links: ClassVar = {
        "files.create": frozenset({"files.get", "files.get_content", "files.delete"}),
        "files.presign": frozenset({"files.complete"}),
        "posts.create": frozenset({"posts.get", "posts.update", "posts.delete", "posts.view"}),
        "accounts.create": frozenset({"accounts.get", "accounts.list_entries"}),
        "transfers.create": frozenset({"transfers.get", "transfers.reverse", "accounts.get"}),
        "transfers.reverse": frozenset({"transfers.get", "accounts.get"}),
        "notifications.create": frozenset({"notifications.read"}),
        "stream_sessions.create": frozenset({"streams.open"}),
        "webhook_endpoints.create": frozenset(
            {"webhook_endpoints.get", "webhook_endpoints.update", "webhook_endpoints.delete", "deliveries.list"}
        ),
        "jobs.create": frozenset({"jobs.get", "jobs.stream", "jobs.list_problems", "jobs.cancel"}),
        "impact.analyse": frozenset({"jobs.get", "jobs.stream", "jobs.cancel"}),
        "holds.create": frozenset({"holds.get", "holds.capture", "holds.release", "accounts.get"}),
        "holds.capture": frozenset({"transfers.get", "transfers.reverse"}),
        "registrations.create": frozenset({"tokens.create"}),
        "tokens.create": frozenset({"tokens.create", "tokens.revoke"}),
        "api_keys.create": frozenset({"api_keys.get", "api_keys.update", "api_keys.rotate", "api_keys.delete"}),
        "api_keys.rotate": frozenset({"api_keys.get", "api_keys.update", "api_keys.rotate", "api_keys.delete"}),
        "sessions.get": frozenset({"sessions.delete"}),
    }
    chain: ClassVar = ("posts.create", "posts.get", "posts.delete")
    round_trips: ClassVar = {
        "registrations.create": 5,
        "verifications.create": 9,
        "verifications.resend": 4,
        "password_resets.create": 4,
        "password_resets.confirm": 9,
        "reauthentications.create": 6,
        "tokens.revoke": 5,
        "sessions.delete": 5,
        "sessions.delete_others": 5,
        "api_keys.create": 8,
        "api_keys.update": 6,
        "api_keys.rotate": 8,
        "api_keys.delete": 5,
        "api_keys.delete_any": 5,
        "providers.visit": 4,
        "identity_confirmations.create": 11,
        "identities.delete": 8,
        "tokens.create": 7,
        "me.update": 6,
        "me.set_password": 8,
        "posts.create": 2,
        "posts.batch": 11,
        "posts.update": 3,
        "posts.delete": 3,
        "posts.view": 2,
        "jobs.create": 10,
        "jobs.cancel": 6,
        "files.create": 9,
        "files.presign": 7,
        "files.complete": 12,
        "files.delete": 12,
        "users.update": 6,
        "users.delete": 19,
        "users.set_roles": 7,
        "accounts.create": 7,
        "transfers.create": 7,
        "transfers.reverse": 8,
        "holds.create": 7,
        "holds.capture": 7,
        "holds.release": 7,
        "notifications.create": 6,
        "notifications.read": 6,
        "webhook_endpoints.create": 8,
        "webhook_endpoints.update": 6,
        "webhook_endpoints.rotate_secret": 8,
        "webhook_endpoints.delete": 6,
        "deliveries.redeliver": 7,
        "webhook_endpoints.recover": 5,
    }
    statements: ClassVar = {
        "/api/v2/posts": 2,
        "/api/v2/posts?q=layers&sort=title&include=author": 2,
        "/api/v2/search/posts?q=layers": 2,
        "/api/v2/users": 2,
        "/api/v2/me": 2,
    }

    def content_of(self, file: Json) -> str:
        return f"/api/v2/files/{file['id']}/content"

    def name_of(self, file: Json) -> str:
        return str(file["name"])

    def has_effects(self, read: str) -> bool:
        return read == "audit_events.list"

    def ensure_failure(self, response: httpx2.Response, *codes: str) -> None:
        assert response.headers["Content-Type"] == self.failure_type
        problem = response.json()
        assert problem.keys() >= _MEMBERS, response.text
        assert problem["status"] == response.status_code
        assert not codes or problem["code"] in codes, response.text

    def login(self, email: str, password: str = PASSWORD) -> Request:
        form = {"grant_type": "password", "username": email, "password": password}
        return Request("POST", self.login_url, {"data": form})

    def refresh(self, token: str) -> Request:
        return Request("POST", self.login_url, {"data": {"grant_type": "refresh_token", "refresh_token": token}})

    def register(self, email: str, password: str = PASSWORD, name: str = "Ada") -> Request:
        body = {"email": email, "password": password, "display_name": name}
        return Request("POST", "/api/v2/auth/registrations", {"json": body})

    def verify(self, email: str, token: str) -> Request:  # noqa: ARG002 - the token alone names the address
        return Request("POST", "/api/v2/auth/verifications", {"json": {"token": token}})

    def path_ids(self, post: Json, person: Person) -> dict[str, object]:
        return {"post_id": post["id"], "user_id": self.user_id(person.user)}

    def user_id(self, user: User) -> int | str:
        return encode("usr", user.uid)

    def edit_post(self, post: Json, **changes: str) -> Request:
        return Request("PATCH", f"/api/v2/posts/{post['id']}", {"json": changes})

    def batches(self) -> dict[str, Request]:
        operations = [{"op": "create", "post": {"title": "T", "content": "C"}}]
        return {"batch write": Request("POST", "/api/v2/posts/batch", {"json": {"operations": operations}})}

    def edit_user(self, person: Person, *, name: str | None = None, **changes: object) -> Request:
        body: dict[str, Any] = changes if name is None else {**changes, "display_name": name}
        return Request("PATCH", f"/api/v2/users/{encode('usr', person.user.uid)}", {"json": body})

    def set_password(self, person: Person, password: str, current: str) -> Request:  # noqa: ARG002 - the caller's own
        return Request("PUT", "/api/v2/me/password", {"json": {"current_password": current, "password": password}})

    def transfer(self, payer: AccountView, payee: AccountView, amount: str) -> Request:
        accounts = {"from_account_id": encode("acct", payer.uid), "to_account_id": encode("acct", payee.uid)}
        return Request("POST", "/api/v2/transfers", {"json": accounts | {"amount": amount, "currency": payer.currency}})

    def is_failure(self, response: httpx2.Response, code: str) -> bool:
        return bool(response.json().get("code") == code)


DIALECT = V2()
