"""Maps notifications from the core to v2."""

from app.notifications.views import NotificationView
from versions.kit.typeid import encode
from versions.v2.ids import NOTIFICATION, USER
from versions.v2.notifications import schemas


def notification(view: NotificationView) -> schemas.Notification:
    """Returns the v2 representation of a notification."""
    return schemas.Notification.model_construct(
        id=encode(NOTIFICATION, view.uid),
        sender_id=encode(USER, view.sender_uid),
        message=view.message,
        created_at=view.created_at,
        read_at=view.read_at,
    )
