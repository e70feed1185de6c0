"""Everything that lives as long as the process, in one place that requests reach."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from app.access.passwords import PasswordHasher
from app.auth.mailed_tokens import MailedTokens
from app.auth.tokens import TokenSigner
from app.http.auth_attempts import AuthAttempts
from app.http.cursors import CursorCodec
from app.http.rate_limit.limits import RateLimits
from app.http.rate_limit.throttle import Throttles
from app.kit.db.database import UnitOfWork
from app.kit.encryption import Sealer
from app.lifecycle.schedule import Schedule
from app.lifecycle.usage import UsageBuffer
from app.settings.groups import Settings
from app.settings.loading import SettingsError, variable
from observability.metrics.metrics import Metrics


@dataclass(slots=True)
class Capacity:
    """How many requests this process answers at once, and how many it is answering."""

    limit: int
    in_use: int = 0


@dataclass(frozen=True, slots=True)
class Runtime:
    """The collaborators that services are built with."""

    settings: Settings
    database: UnitOfWork
    passwords: PasswordHasher
    signer: TokenSigner
    mailed_tokens: MailedTokens
    cursors: CursorCodec
    sealer: Sealer
    rate_limits: RateLimits
    throttles: Throttles
    attempts: AuthAttempts
    metrics: Metrics
    capacity: Capacity
    schedule: Schedule
    usage: UsageBuffer

    @classmethod
    def build(cls, settings: Settings, database: UnitOfWork, metrics: Metrics | None = None) -> "Runtime":
        """Raises ``SettingsError`` when a secret is missing or a limit cannot be counted."""
        signing_key, cursor_key = settings.auth.signing_key, settings.http.cursor_key
        if signing_key is None or cursor_key is None:
            message = f"{variable('auth', 'signing_key')} and {variable('http', 'cursor_key')} must be set"
            raise SettingsError(message)
        metrics = metrics or Metrics()
        try:
            rate_limits = RateLimits(settings, metrics)
        except ValueError as error:
            message = f"{variable('rate_limit')}: {error}"
            raise SettingsError(message) from None
        return cls(
            settings=settings,
            database=database,
            passwords=PasswordHasher(settings.auth.password_hash_concurrency),
            signer=TokenSigner(settings.auth),
            mailed_tokens=MailedTokens(signing_key),
            cursors=CursorCodec(cursor_key),
            sealer=Sealer(cursor_key),
            rate_limits=rate_limits,
            throttles=Throttles(settings.auth.logins_per_minute, rate_limits.counting),
            attempts=AuthAttempts(metrics),
            metrics=metrics,
            capacity=Capacity(settings.http.max_concurrent_requests),
            schedule=Schedule(),
            usage=UsageBuffer(metrics.usage_dropped.labels().inc),
        )


def runtime_of(connection: HTTPConnection) -> Runtime:
    """The runtime that the root application's lifespan made."""
    runtime: Runtime = connection.scope["state"]["runtime"]
    return runtime
