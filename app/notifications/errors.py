"""Errors of notifications."""

from app.errors import NotFound


class NotificationNotFound(NotFound):
    code = "notification_not_found"
    detail = "There is no such notification."


class RecipientNotFound(NotFound):
    code = "user_not_found"
    detail = "There is no such user."
