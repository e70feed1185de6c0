"""Errors of credentials and API keys."""

from app.errors import Forbidden, InvalidValue, NotFound, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """One error for every invalid token or key, so that the response does not reveal which check failed."""

    code = "invalid_token"
    detail = "Could not validate credentials"


class ImplausibleCredentials(InvalidCredentials):
    """Malformed credentials, rejected without a database look-up."""


class ReauthenticationRequired(Forbidden):
    code = "reauthentication_required"
    detail = "Please sign in again"


class WrongPassword(Forbidden):
    code = "wrong_password"
    detail = "The current password is wrong."


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    detail = "There is no such API key."


class UnknownScope(InvalidValue):
    code = "unknown_scope"
