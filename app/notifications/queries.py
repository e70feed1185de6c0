"""Reads of notifications."""

from typing import Final

from sqlalchemy import bindparam, select

from app.kit.db.keyset import Position, Slice, apply_keyset, bind_params, page_from_rows
from app.kit.db.sessions import ReadSession
from app.kit.db.statements import Read
from app.models import Notification
from app.notifications.views import FIELDS, NotificationView

_OWN: Final = select(*(getattr(Notification, name) for name in FIELDS)).where(
    Notification.user_id == bindparam("user_id")
)
_PAGES: Final = {after: Read(apply_keyset(_OWN, ((Notification.id, True),), after=after)) for after in (False, True)}


class NotificationQueries:
    """Reads notifications, with one statement for each page."""

    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def page(self, user_id: int, after: Position | None, limit: int) -> Slice[NotificationView]:
        """Those of a user, newest first."""
        rows = await self._reads.all(_PAGES[after is not None], user_id=user_id, limit=limit + 1, **bind_params(after))
        return page_from_rows([NotificationView.from_row(row) for row in rows], limit, lambda view: (view.id,))
