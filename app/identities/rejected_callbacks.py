"""The audit trail of callbacks that are rejected."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from app.auth.reauthentication import REAUTHENTICATION
from app.errors import DomainError
from app.events.audit import AuditRecorder, target
from app.identities.commands import Purpose
from app.identities.repository import FlowRepository
from app.kit.db.sessions import WriteSession
from app.models import SignInFlow

_ACTIONS: Final = {
    Purpose.SIGN_IN: "user.sign_in",
    Purpose.LINK: "identity.link",
    Purpose.REAUTHENTICATE: REAUTHENTICATION,
}


class Transactions(Protocol):
    """Opens transactions."""

    def write(self) -> AbstractAsyncContextManager[WriteSession]: ...


class RejectionLimit(Protocol):
    """Limits the rows that clients of one network cause: anybody can send callbacks."""

    async def admits(self, network: str) -> bool:
        """Count one rejected callback from a network, and return whether the audit trail records it."""


class RejectedCallbacks:
    """Records rejections in transactions of their own."""

    def __init__(
        self, database: Transactions, limit: RejectionLimit, audit: Callable[[WriteSession], AuditRecorder]
    ) -> None:
        self._database = database
        self._limit = limit
        self._audit = audit

    async def record(self, error: DomainError, provider: str, network: str, flow: SignInFlow | None) -> None:
        """Record a rejected callback of a configured provider. ``flow`` is its visit, if there is one.

        An error that keeps its changes has been recorded in their transaction.
        """
        if error.keeps_changes or not await self._limit.admits(network):
            return
        action = _ACTIONS[Purpose.SIGN_IN if flow is None else Purpose(flow.purpose)]
        async with self._database.write() as session:
            user = (
                None if flow is None or flow.user_id is None else await FlowRepository(session).user_uid(flow.user_id)
            )
            of = None if user is None else target("user", user)
            self._audit(session).rejection(action, of, error, {"provider": provider})
