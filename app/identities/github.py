"""Sign-in with GitHub, which offers OAuth 2.0 without OpenID Connect."""

from typing import Any

from app.identities.commands import ExternalIdentity, ProviderReply, Visit
from app.identities.flow_secrets import challenge
from app.identities.providers import (
    JSON,
    SUCCESS,
    Requests,
    authorization_url,
    json_object,
    reject,
    reject_error,
    reject_failure,
    token_response,
    usable_address,
    usable_name,
)
from app.kit.egress.client import Egress, EgressResponse
from app.kit.egress.errors import EgressError
from app.settings.providers import GITHUB, GitHubSettings


class GitHubProvider:
    """GitHub. The identity is the numeric id: logins are renamed and reused. The access token is not stored."""

    name = GITHUB

    def __init__(self, settings: GitHubSettings, egress: Egress) -> None:
        self._settings = settings
        self._requests = Requests(self.name, egress)

    async def authorization_url(self, visit: Visit) -> str:
        """See ``Provider``."""
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": visit.callback,
            "scope": "read:user user:email",
            "state": visit.state,
            "code_challenge": challenge(visit.verifier),
            "code_challenge_method": "S256",
        }
        if visit.proof:
            parameters["prompt"] = "select_account"
        return authorization_url(f"{self._settings.url}/login/oauth/authorize", parameters)

    async def identify(self, reply: ProviderReply, visit: Visit) -> ExternalIdentity:
        """See ``Provider``."""
        if reply.error is not None:
            reject_error(self.name, reply.error)
        if not reply.code:
            reject(self.name, "the code is missing")
        form = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "code": reply.code,
            "redirect_uri": visit.callback,
            "code_verifier": visit.verifier,
        }
        url = f"{self._settings.url}/login/oauth/access_token"
        token = token_response(self.name, await self._requests.send("POST", url, "token", JSON, form))["access_token"]
        user = json_object(self.name, await self._get("/user", "user", token))
        number = user.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            reject(self.name, "the id of the user is not a number")
        name = usable_name(user.get("name")) or usable_name(user.get("login"))
        return ExternalIdentity(self.name, str(number), await self._address(token), name)

    async def _address(self, token: str) -> str | None:
        """The primary address, if it is verified."""
        response = await self._get("/user/emails", "emails", token)
        try:
            entries = response.json()
        except EgressError as failure:
            reject_failure(self.name, failure)
        if not isinstance(entries, list):
            reject(self.name, "the list of addresses is not a list")
        return next((usable_address(entry.get("email")) for entry in entries if _is_usable(entry)), None)

    async def _get(self, path: str, operation: str, token: str) -> EgressResponse:
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}"}
        response = await self._requests.send("GET", f"{self._settings.api_url}{path}", operation, headers)
        if response.status != SUCCESS:
            json_object(self.name, response)
            reject(self.name, "its server rejected the access token")
        return response


def _is_usable(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("primary") is True and entry.get("verified") is True
