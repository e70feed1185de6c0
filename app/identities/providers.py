"""What the sign-in needs of a provider, and the checks that all providers share."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn, Protocol
from urllib.parse import urlencode

import structlog
from email_validator import EmailNotValidError, validate_email

from app.identities.commands import ExternalIdentity, ProviderReply, Visit
from app.identities.errors import InvalidProviderResponse, ProviderError, ProviderNotFound, ProviderUnavailable
from app.kit.egress.client import Egress, EgressResponse
from app.kit.egress.errors import EgressError, Reason

_UNREACHABLE: Final = frozenset({Reason.UNREACHABLE, Reason.TIMEOUT})
_ERROR_CODES: Final = frozenset(
    {
        *("access_denied", "invalid_request", "invalid_scope", "server_error", "temporarily_unavailable"),
        *("unauthorized_client", "unsupported_response_type", "login_required", "interaction_required"),
        *("consent_required", "account_selection_required", "invalid_client", "invalid_grant"),
    }
)
"""The error codes that are repeated to a client; any other text of a provider is not."""
_LONGEST_ADDRESS: Final = 254
_LONGEST_NAME: Final = 100
_SERVER_ERROR: Final = 500
SUCCESS: Final = 200
JSON: Final = {"Accept": "application/json"}
_LOG: Final = structlog.get_logger()


class Provider(Protocol):
    """An identity provider."""

    name: str

    async def authorization_url(self, visit: Visit) -> str:
        """Where the browser goes. Raises ``ProviderUnavailable``, ``InvalidProviderResponse``."""

    async def identify(self, reply: ProviderReply, visit: Visit) -> ExternalIdentity:
        """The user who returns. Raises ``ProviderError``, ``ProviderUnavailable``, ``InvalidProviderResponse``."""


class Requests:
    """Sends the requests to one provider."""

    def __init__(self, provider: str, egress: Egress) -> None:
        self._provider = provider
        self._egress = egress

    async def send(
        self, method: str, url: str, operation: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> EgressResponse:
        """Send a request. Raises ``ProviderUnavailable``, ``InvalidProviderResponse``."""
        try:
            return await self._egress.request(
                method, url, peer=self._provider, operation=operation, headers=headers, form=form
            )
        except EgressError as failure:
            reject_failure(self._provider, failure)


class Providers:
    """The configured providers by name."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}

    @property
    def names(self) -> list[str]:
        return list(self._providers)

    def get(self, name: str) -> Provider:
        """Raises ``ProviderNotFound``."""
        if name not in self._providers:
            raise ProviderNotFound
        return self._providers[name]


def reject(provider: str, reason: str) -> NoReturn:
    """Raise ``InvalidProviderResponse`` and log it. ``reason`` is a constant of the code."""
    _LOG.warning("provider_response_rejected", provider=provider, reason=reason)
    message = f"The response of the identity provider is invalid: {reason}. Start the sign-in again."
    raise InvalidProviderResponse(message)


def reject_error(provider: str, error: object) -> NoReturn:
    """Raise ``ProviderError`` for an error code of a provider."""
    code = error if isinstance(error, str) and error in _ERROR_CODES else "an unknown error"
    _LOG.warning("provider_error", provider=provider, error=code)
    message = f"The identity provider reported {code}. Start the sign-in again."
    raise ProviderError(message)


def reject_failure(provider: str, failure: EgressError) -> NoReturn:
    """Raise ``ProviderUnavailable`` or ``InvalidProviderResponse`` for a failed request to a provider."""
    if failure.reason in _UNREACHABLE:
        raise ProviderUnavailable from failure
    reject(provider, f"its server sent an unusable response ({failure.reason})")


def json_object(provider: str, response: EgressResponse) -> Mapping[str, Any]:
    """The body of a response. Raises ``ProviderUnavailable``, ``InvalidProviderResponse``."""
    if response.status >= _SERVER_ERROR:
        raise ProviderUnavailable
    try:
        body = response.json()
    except EgressError as failure:
        reject_failure(provider, failure)
    if not isinstance(body, dict):
        reject(provider, "its server sent JSON that is not an object")
    return body


def token_response(provider: str, response: EgressResponse) -> Mapping[str, Any]:
    """The body of a successful token response (RFC 6749, section 5.1)."""
    body = json_object(provider, response)
    if "error" in body or response.status != SUCCESS:
        # GitHub reports errors with status 200.
        reject_error(provider, body.get("error"))
    if not isinstance(body.get("access_token"), str):
        reject(provider, "the access token is missing")
    return body


def authorization_url(endpoint: str, parameters: Mapping[str, str]) -> str:
    """The endpoint with the parameters added to its query."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def usable_address(value: object) -> str | None:
    """The address, or None for anything that could not be registered either."""
    if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS:
        return None
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


def usable_name(value: object) -> str | None:
    """The printable characters of a name, at most 100; None without any."""
    if not isinstance(value, str):
        return None
    text = "".join(character for character in value if character.isprintable()).strip()
    return text[:_LONGEST_NAME].strip() or None
