"""The collaborators of sign-in that live as long as the process."""

from dataclasses import dataclass

from app.access.passwords import PasswordHasher
from app.auth.mailed_addresses import MailedAddresses
from app.auth.mailed_tokens import MailedTokens
from app.auth.metrics import AuthMetrics
from app.auth.tokens import TokenSigner
from app.http.rate_limit.limits import RateLimits
from app.http.rate_limit.throttle import Throttles
from app.http.runtime import Component, Runtime
from app.settings.auth import AuthSettings
from app.settings.errors import require_secret


@dataclass(frozen=True)
class AuthComponent(Component):
    """Hashes passwords, signs tokens, limits and counts attempts."""

    passwords: PasswordHasher
    signer: TokenSigner
    mailed_tokens: MailedTokens
    mailed_addresses: MailedAddresses
    throttles: Throttles
    attempts: AuthMetrics

    @classmethod
    def build(cls, runtime: Runtime) -> "AuthComponent":
        """Raises ``SettingsError`` without a signing key."""
        auth = runtime.settings[AuthSettings]
        signing_key = require_secret(auth.signing_key, "auth", "signing_key")
        return cls(
            passwords=PasswordHasher(auth.password_hash_concurrency),
            signer=TokenSigner(auth),
            mailed_tokens=MailedTokens(signing_key),
            mailed_addresses=MailedAddresses(signing_key),
            throttles=Throttles(auth.logins_per_minute, auth.failed_logins_per_hour, runtime.get(RateLimits).counting),
            attempts=runtime.metrics.group(AuthMetrics),
        )
