"""Writes audit rows in the transaction of the act: none is stored without the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from app.errors import DomainError
from app.kit.clock import rfc3339, utc_now
from app.kit.db.inserts import InsertInto
from app.kit.db.sessions import WriteSession
from app.models import AuditEvent

E = TypeVar("E", bound=DomainError)
_REQUEST_ID_LENGTH: Final = 200
_INSERT: Final = InsertInto(
    AuditEvent.__table__,
    *("at", "uid", "actor", "on_behalf", "action", "target", "outcome", "address", "request_id", "detail"),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act comes from. Without an address, it is the command line.

    ``actor`` is the uid of the user or, if an API key acts, of the key; ``on_behalf`` is the owner of that key.
    """

    actor: UUID | None = None
    on_behalf: UUID | None = None
    address: str | None = None
    request_id: str | None = None


NO_DETAIL: Final[Mapping[str, Any]] = MappingProxyType({})
OPERATOR: Final = Origin()
"""An operator at the command line."""


def target(kind: str, identifier: object) -> str:
    """The reference to an object in an audit row."""
    return f"{kind}:{identifier}"


class AuditRecorder:
    """Records the acts of one transaction. ``detail`` contains hints and names of fields, never secrets."""

    def __init__(self, session: WriteSession, origin: Origin = OPERATOR) -> None:
        self._session = session
        self._origin = origin

    def record(
        self, action: str, of: str | None, detail: Mapping[str, Any] = NO_DETAIL, *, actor: UUID | None = None
    ) -> None:
        """Record an act on ``of``, a ``target``. ``actor`` is the user where the request has no caller: a sign-in."""
        self._add(action, of, actor, "success", detail)

    def rejection(self, action: str, of: str | None, error: E, detail: Mapping[str, Any] = NO_DETAIL) -> E:
        """Record that an act was rejected, and return the error to raise.

        The transaction is committed despite the error, so it must not contain changes of the rejected act.
        """
        error.keeps_changes = True
        self._add(action, of, None, "rejected", {**detail, "reason": error.code})
        return error

    def _add(self, action: str, of: str | None, actor: UUID | None, outcome: str, detail: Mapping[str, Any]) -> None:
        origin = self._origin
        self._session.insert_at_commit(
            _INSERT,
            utc_now(),
            uuid7(),
            origin.actor or actor,
            origin.on_behalf,
            action,
            of,
            outcome,
            origin.address,
            stored_request_id(origin.request_id),
            orjson.dumps({name: plain(value) for name, value in detail.items()}).decode(),
        )


def stored_request_id(request_id: str | None) -> str | None:
    """The id of a request as tables contain it. A client can send a longer one."""
    return request_id and request_id[:_REQUEST_ID_LENGTH]


def plain(value: Any) -> Any:
    """A value of a payload as JSON contains it."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return str(value) if isinstance(value, UUID) else value
