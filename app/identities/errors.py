"""Errors of sign-in with a provider."""

from app.errors import Conflict, Forbidden, InvalidValue, Malformed, NotFound, Unauthenticated, Unavailable

_RETRY_SECONDS = 10


class ProviderNotFound(NotFound):
    code = "provider_not_found"
    detail = "There is no such identity provider."


class ProviderUnavailable(Unavailable):
    code = "provider_unavailable"
    detail = "The identity provider does not respond. Try again later."

    def __init__(self) -> None:
        super().__init__(retry_after=_RETRY_SECONDS)


class InvalidSignInFlow(Malformed):
    """One error for every callback that does not belong to a flow of this browser."""

    code = "invalid_sign_in_flow"
    detail = "This sign-in is unknown, expired, complete, or was started in another browser. Start it again."


class ProviderError(Malformed):
    """The provider reports an error, such as ``access_denied`` if the user declined."""

    code = "provider_error"
    detail = "The identity provider reported an error. Start the sign-in again."


class InvalidProviderResponse(Malformed):
    """The provider's response failed a check, which the detail names."""

    code = "invalid_provider_response"
    detail = "The response of the identity provider is invalid."


class UnknownFrontEnd(InvalidValue):
    code = "unknown_front_end"
    detail = "The page is not one of this deployment's front ends."


class IncompleteRedirect(InvalidValue):
    code = "incomplete_redirect"
    detail = "redirect_to and code_challenge belong together: send both, or neither."


class IdentityConfirmationRequired(Forbidden):
    """The mail that was requested stays requested."""

    code = "identity_confirmation_required"
    detail = "An account has this address. Confirm with the mail that we sent to it, then sign in again."
    keeps_changes = True


class ProviderAddressNotVerified(Forbidden):
    code = "provider_address_not_verified"
    detail = (
        "The identity provider has no verified e-mail address for you. Register with an address, sign in with its "
        "password, and link the provider."
    )


class IdentityNotFound(NotFound):
    code = "identity_not_found"
    detail = "There is no such identity."


class IdentityTaken(Conflict):
    code = "identity_taken"
    detail = "This identity belongs to another user."


class LastSignInMethod(Conflict):
    code = "last_sign_in_method"
    detail = "You could not sign in without this identity. Set a password or link another provider first."


class WrongIdentity(Forbidden):
    code = "wrong_identity"
    detail = "This identity is not one of yours."


class InvalidConfirmationToken(Malformed):
    code = "invalid_confirmation_token"
    detail = "The confirmation token is invalid, expired or used."


class InvalidSignInCode(Unauthenticated):
    """The failed attempt uses the code up, so its verifier cannot be guessed."""

    code = "invalid_sign_in_code"
    detail = "The code is invalid, expired or used, or the code verifier does not fit."
    keeps_changes = True
