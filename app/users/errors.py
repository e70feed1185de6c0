"""Errors of the users feature."""

from app.errors import Conflict, Forbidden, NotFound


class UserNotFound(NotFound):
    code = "user_not_found"
    detail = "There is no such user."


class NotYourAccount(Forbidden):
    code = "not_your_account"
    detail = "You may not change another user's account."

    def __init__(self) -> None:
        super().__init__(context={"scope": "users:write"})


class LastAdmin(Conflict):
    code = "last_admin"
    detail = "This is the last active admin: make another one first."


class EmailTaken(Conflict):
    code = "email_taken"
    detail = "This e-mail address is already registered."
