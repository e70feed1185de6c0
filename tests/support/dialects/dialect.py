"""What shared tests send to a version, and how they recognise its responses."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx2

from app.ledger.views import AccountView
from app.models import User
from tests.support.app import PASSWORD, Person

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, which synchronous and asynchronous clients can send."""

    method: str
    url: str
    options: dict[str, Any] = field(default_factory=dict)

    def send(self, client: Any, **options: Any) -> Any:
        """The client's response, or its coroutine."""
        return client.request(self.method, self.url, **self.options, **options)


class Dialect(ABC):
    """The requests and responses of one version, for what every version can do."""

    name: ClassVar[str]
    me: ClassVar[str]
    """The URL of the caller's own user."""
    login_url: ClassVar[str]
    provider_urls: ClassVar[tuple[str, str]]
    """The URLs of the start of a sign-in with a provider and of its callback, with ``{}`` for the provider."""
    searches: ClassVar[Mapping[str, str]]
    """The URLs of searches, and the parameter of each with the words; the last is full-text search."""
    upload_url: ClassVar[str]
    """The URL to which a form with one file, ``file``, is sent."""
    largest_upload: ClassVar[int]
    """The bytes of the largest file."""
    wrong_extension: ClassVar[int]
    """The status of an upload whose extension is not accepted."""
    failure_type: ClassVar[str]
    """The media type of failures."""
    has_codes: ClassVar[bool]
    """Whether a failure has a machine-readable code."""
    verified_again: ClassVar[int]
    """The status of a proof of an address that is verified already."""
    rate_limit_headers: ClassVar[frozenset[str]]
    shared_rate_limit_headers: ClassVar[frozenset[str]]
    """Those of a response that a shared cache may store."""
    links: ClassVar[Mapping[str, frozenset[str]]]
    """The operations to which the response of a creation links at least."""
    chain: ClassVar[tuple[str, ...]]
    """Operations that links connect from creations to deletions."""
    statements: ClassVar[Mapping[str, int]]
    """The number of statements of reads with an API key: one finds the caller, the others are the operation's own."""
    round_trips: ClassVar[Mapping[str, int]]
    """How often a write waits for the database, without an idempotency key."""

    @abstractmethod
    def content_of(self, file: Json) -> str:
        """The URL of the content of a file that was uploaded."""

    @abstractmethod
    def name_of(self, file: Json) -> str:
        """The name of a file that was uploaded."""

    def has_effects(self, read: str) -> bool:  # noqa: ARG002 - for versions that have such reads
        """Whether a GET operation changes something."""
        return False

    @property
    def search(self) -> str:
        """A full-text search."""
        *_, (url, parameter) = self.searches.items()
        return f"{url}?{parameter}=layers"

    @property
    def prefix(self) -> str:
        """Where the version is mounted."""
        return f"/api/{self.name}"

    @abstractmethod
    def ensure_failure(self, response: httpx2.Response, *codes: str) -> None:
        """Fail unless the response has the format of failures, and one of the codes if the version has codes."""

    @abstractmethod
    def login(self, email: str, password: str = PASSWORD) -> Request:
        """A sign-in with a password."""

    @abstractmethod
    def refresh(self, token: str) -> Request:
        """A new access token for a refresh token."""

    @abstractmethod
    def register(self, email: str, password: str = PASSWORD, name: str = "Ada") -> Request:
        """A registration."""

    @abstractmethod
    def verify(self, email: str, token: str) -> Request:
        """The proof of an address with a mailed token."""

    @abstractmethod
    def path_ids(self, post: Json, person: Person) -> dict[str, object]:
        """Values of the path parameters for a post, as `WIRE` shows it, and for a user."""

    @abstractmethod
    def user_id(self, user: User) -> int | str:
        """The id of a user in requests."""

    @abstractmethod
    def edit_post(self, post: Json, **changes: str) -> Request:
        """An edit of a post, as `WIRE` shows it."""

    @abstractmethod
    def batches(self) -> dict[str, Request]:
        """Requests about several posts, as ``batch read`` and ``batch write``."""

    @abstractmethod
    def edit_user(self, person: Person, *, name: str | None = None, **changes: object) -> Request:
        """An edit of a user's name, address (``email``) or ``is_active`` by an admin or the user."""

    @abstractmethod
    def set_password(self, person: Person, password: str, current: str) -> Request:
        """A change of the caller's own password."""

    @abstractmethod
    def transfer(self, payer: AccountView, payee: AccountView, amount: str) -> Request:
        """A transfer, to which an idempotency key can be added."""

    @abstractmethod
    def is_failure(self, response: httpx2.Response, code: str) -> bool:
        """Whether a transfer was rejected for the reason with this code."""

    def post_url(self, post: Json) -> str:
        """The URL of a post, as `WIRE` shows it."""
        return self.edit_post(post).url

    def user_url(self, person: Person) -> str:
        """The URL of a user."""
        return self.edit_user(person).url
