"""The requests and responses of v1."""

from typing import Any, ClassVar

import httpx2

from app.ledger.views import AccountView
from app.models import User
from tests.support.app import PASSWORD, Person
from tests.support.dialects.dialect import Dialect, Json, Request
from tests.truth.v1.failures import FAILURES


class V1(Dialect):
    """Numeric ids, and failures that are sentences."""

    name: ClassVar = "v1"
    me: ClassVar = "/api/v1/users/me"
    login_url: ClassVar = "/api/v1/auth/login"
    provider_urls: ClassVar = ("/api/v1/auth/{}", "/api/v1/auth/{}/callback")
    searches: ClassVar = {"/api/v1/posts": "search", "/api/v1/search": "query"}
    upload_url: ClassVar = "/api/v1/files/upload"
    largest_upload: ClassVar = 10 * 1024**2
    wrong_extension: ClassVar = 400
    failure_type: ClassVar = "application/json"
    has_codes: ClassVar = False
    verified_again: ClassVar = 200
    rate_limit_headers: ClassVar = frozenset({"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"})
    shared_rate_limit_headers: ClassVar = frozenset({"X-RateLimit-Limit"})
    links: ClassVar = {
        "posts.create": frozenset({"posts.get", "posts.update", "posts.delete", "posts.get_many"}),
        "users.create": frozenset({"users.get", "users.update", "users.delete", "admin.delete_user", "auth.login"}),
        "accounts.create": frozenset({"accounts.list", "transfers.create"}),
        "webhooks.create": frozenset({"webhooks.delete"}),
        **{
            f"tasks.{name}": frozenset({"tasks.status", "tasks.revoke"})
            for name in ("send_email", "process_csv", "generate_report")
        },
        "auth.register": frozenset({"auth.login"}),
        "auth.login": frozenset({"auth.refresh"}),
    }
    chain: ClassVar = ("posts.create", "posts.get", "posts.delete", "users.create", "users.get", "users.delete")
    round_trips: ClassVar = {
        "auth.register": 6,
        "auth.verify": 9,
        "auth.login": 5,
        "auth.refresh": 5,
        "posts.create": 2,
        "posts.update": 3,
        "posts.delete": 3,
        "posts.get": 2,
        "users.create": 7,
        "users.update": 6,
        "users.delete": 19,
        "admin.delete_user": 19,
        "files.upload": 9,
        "files.upload_multiple": 12,
        "files.delete": 12,
        "tasks.send_email": 9,
        "tasks.process_csv": 10,
        "tasks.generate_report": 9,
        "tasks.revoke": 6,
        "accounts.create": 7,
        "transfers.create": 3,
        "notifications.create": 6,
        "webhooks.create": 8,
        "webhooks.delete": 6,
        "webhooks.trigger": 5,
    }
    statements: ClassVar = {
        "/api/v1/posts": 3,
        "/api/v1/posts?search=layers&sort_by=title": 3,
        "/api/v1/search?query=layers": 2,
        "/api/v1/users": 2,
        "/api/v1/users/paginated": 3,
        "/api/v1/users/me": 2,
    }

    def content_of(self, file: Json) -> str:
        return str(file["url"])

    def name_of(self, file: Json) -> str:
        return str(file["filename"])

    def has_effects(self, read: str) -> bool:
        return read == "posts.get"

    def ensure_failure(self, response: httpx2.Response, *_codes: str) -> None:
        assert response.headers["Content-Type"] == self.failure_type
        body = set(response.json())
        assert body == {"detail"} or (body == {"error", "details"} and response.status_code == 422), response.text

    def login(self, email: str, password: str = PASSWORD) -> Request:
        return Request("POST", self.login_url, {"data": {"username": email, "password": password}})

    def refresh(self, token: str) -> Request:
        return Request("POST", "/api/v1/auth/refresh", {"json": {"refresh_token": token}})

    def register(self, email: str, password: str = PASSWORD, name: str = "Ada") -> Request:
        body = {"email": email, "password": password, "name": name}
        return Request("POST", "/api/v1/auth/register", {"json": body})

    def verify(self, email: str, token: str) -> Request:
        return Request("POST", "/api/v1/auth/verify", {"json": {"email": email, "token": token}})

    def path_ids(self, post: Json, person: Person) -> dict[str, object]:
        return {"post_id": post["v1_id"], "user_id": self.user_id(person.user)}

    def user_id(self, user: User) -> int | str:
        return user.id

    def edit_post(self, post: Json, **changes: str) -> Request:
        return Request("PUT", f"/api/v1/posts/{post['v1_id']}", {"json": changes})

    def batches(self) -> dict[str, Request]:
        return {"batch read": Request("POST", "/api/v1/posts/batch", {"json": {"ids": [1]}})}

    def edit_user(self, person: Person, *, name: str | None = None, **changes: object) -> Request:
        body: dict[str, Any] = changes if name is None else {**changes, "full_name": name}
        return Request("PUT", f"/api/v1/users/{person.user.id}", {"json": body})

    def set_password(self, person: Person, password: str, current: str) -> Request:
        return self.edit_user(person, password=password, current_password=current)

    def transfer(self, payer: AccountView, payee: AccountView, amount: str) -> Request:
        body = {"from_id": payer.id, "to_id": payee.id, "amount": float(amount)}
        return Request("POST", "/api/v1/transfer", {"json": body})

    def is_failure(self, response: httpx2.Response, code: str) -> bool:
        status, detail = FAILURES[code]
        return response.status_code == status and response.json().get("detail") == detail


DIALECT = V1()
