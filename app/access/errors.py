"""Errors of credentials and API keys."""

from app.errors import Conflict, FieldError, Forbidden, InvalidValue, NotFound, Unauthenticated


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


class ApiKeyAlreadyRotated(Conflict):
    code = "api_key_already_rotated"
    detail = "This API key was rotated before. Rotate its successor."


class ApiKeyExpired(Conflict):
    code = "api_key_expired"
    detail = "This API key has expired. Create another one."


class TooManyApiKeys(Conflict):
    code = "too_many_api_keys"
    detail = "You have as many API keys as your plan allows. Revoke one first."


class PlanOfOtherKeys(Conflict):
    code = "plan_of_other_keys"
    detail = "A test key is always on the plan 'test', and no other key is."


class ExpiryInThePast(InvalidValue):
    code = "expiry_in_the_past"
    detail = "The expiry must be in the future."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("expires_at",), self.code, self.detail)])


class TooLongBrownout(InvalidValue):
    code = "too_long_brownout"
    detail = "An early brownout ends within 7 days."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("early_brownout_until",), self.code, self.detail)])


class UnknownScope(InvalidValue):
    code = "unknown_scope"
    detail = "This scope is unknown."


class ScopeNotGranted(InvalidValue):
    code = "scope_not_granted"
    detail = "You do not have this permission, so a key of yours cannot have it."
