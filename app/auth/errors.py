"""Errors of registration, sign-in and sessions."""

from app.errors import DomainError, ErrorKind, Forbidden, Malformed, NotFound, RateLimited, Unauthenticated


class BadCredentials(Unauthenticated):
    code = "invalid_credentials"
    detail = "Incorrect email or password"


class EmailNotVerified(Forbidden):
    code = "email_not_verified"
    detail = "Please verify your email before logging in"


class AccountDeactivated(Forbidden):
    code = "account_deactivated"
    detail = "This account is deactivated."


class WrongTokenType(Unauthenticated):
    code = "wrong_token_type"
    detail = "Invalid token type"


class InvalidRefreshToken(Unauthenticated):
    code = "invalid_refresh_token"
    detail = "The refresh token is invalid, expired or revoked."


class RefreshTokenReused(InvalidRefreshToken):
    """Two parties have the token, so it was stolen. The revocation of the session is committed despite the error."""

    keeps_changes = True


class InvalidVerificationToken(Malformed):
    code = "invalid_verification_token"
    detail = "Invalid verification token"


class InvalidResetToken(Malformed):
    code = "invalid_reset_token"
    detail = "The reset token is invalid, expired or used."


class SessionNotFound(NotFound):
    code = "session_not_found"
    detail = "There is no such session."


class TooManyAttempts(RateLimited):
    code = "too_many_attempts"
    detail = "Too many attempts. Try again later."


class UnsupportedGrant(DomainError):
    code = "unsupported_grant_type"
    kind = ErrorKind.MALFORMED
    detail = "grant_type must be password or refresh_token."
