"""Notifications in v2."""

from typing import Annotated, Final

from fastapi import Path, Request, Response

from app.http.deps.notifications import NotificationReaderDep, NotificationServiceDep
from versions.kit.application import Resource
from versions.kit.links import Links, link_to
from versions.kit.needs import MARK_NOTIFICATIONS, READ_NOTIFICATIONS, SEND_NOTIFICATIONS
from versions.kit.openapi import IDEMPOTENT_REPLAYED
from versions.kit.operations import SIGNED_IN
from versions.v2.errors import operations
from versions.v2.ids import NotificationId, UserId, known
from versions.v2.notifications import mapping, schemas
from versions.v2.paging import DEFAULT_LIMIT, LINK, Cursor, Limit, Page, page, position
from versions.v2.routing import WRITE, router

NotificationIdPath = Annotated[NotificationId, Path(description="The id of the notification.")]
RecipientPath = Annotated[UserId, Path(description="The id of the user who receives it.")]
NotificationPage = Page[schemas.Notification]
_NOTIFICATION: Final[Links] = link_to("notifications.read", notification_id="$response.body#/id")

notifications = router("/notifications", "notifications")
recipients = router("/users", "notifications")
RESOURCE: Final = Resource(
    tags=(
        {
            "name": "notifications",
            "description": "Messages to single users, which live connections deliver at once. Kept for 90 days.",
        },
    ),
    routers=(notifications, recipients),
)


@notifications.get(
    "", **operations.declare("notifications.list", security=SIGNED_IN, needs=READ_NOTIFICATIONS, success=LINK)
)
async def list_notifications(
    request: Request,
    response: Response,
    reader: NotificationReaderDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> NotificationPage:
    """List the caller's notifications, newest first."""
    found = await reader.page(position(request, cursor), limit)
    return page(NotificationPage, request, response, found, mapping.notification)


@notifications.post(
    "/{notification_id}/read",
    dependencies=WRITE,
    **operations.declare(
        "notifications.read", security=SIGNED_IN, needs=MARK_NOTIFICATIONS, fails=[404, 409], links={200: _NOTIFICATION}
    ),
)
async def mark_read(notification_id: NotificationIdPath, service: NotificationServiceDep) -> schemas.Notification:
    """Mark a notification of the caller as read. A second time changes nothing."""
    return mapping.notification(await service.mark_read(known(notification_id)))


@recipients.post(
    "/{user_id}/notifications",
    status_code=201,
    dependencies=WRITE,
    **operations.declare(
        "notifications.create",
        security=SIGNED_IN,
        needs=SEND_NOTIFICATIONS,
        fails=[404, 409],
        success={201: {"headers": {**IDEMPOTENT_REPLAYED}}},
        links={201: _NOTIFICATION},
    ),
)
async def send_notification(
    user_id: RecipientPath, body: schemas.NotificationCreate, service: NotificationServiceDep
) -> schemas.Notification:
    """Send a message to a user. Needs `notifications:send`, which moderators and administrators have."""
    return mapping.notification(await service.send(known(user_id), body.message))
