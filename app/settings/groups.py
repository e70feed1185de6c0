"""Configuration: nested groups read once at a composition root, then passed down.

Every value may be given as an environment variable with the prefix ``STRATA_`` and ``__`` between
levels (``STRATA_HTTP__PORT=9000``) or in a ``.env`` file; the environment wins.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]
_QUOTA: Final = r"^[1-9][0-9]{0,8}/([1-9][0-9]{0,2} ?)?(second|minute|hour|day)s?$"
PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Policies = Annotated[
    dict[PolicyName, Annotated[str, StringConstraints(pattern=_QUOTA)]], Field(min_length=1, max_length=8)
]
"""Limits that hold at once, by name: ``{"burst": "100/minute", "daily": "10000/day"}``."""


def _network(value: str) -> str:
    return str(ip_network(value))


Network = Annotated[str, AfterValidator(_network)]


class Group(BaseModel):
    """A group of settings: frozen, and a misspelt name is an error rather than a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Group):
    """PostgreSQL 15 or newer. Without a URL, the embedded server under ``STRATA_HOME`` is used."""

    url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/name")
    read_pool_size: int = Field(8, ge=1, description="connections of one process that serve reads")
    write_pool_size: int = Field(6, ge=1, description="connections of one process that serve writes")
    connect_timeout: Seconds = Field(5.0, description="seconds to wait for a connection")
    statement_timeout: Seconds = Field(10.0, description="seconds after which PostgreSQL cancels a statement")
    lock_timeout: Seconds = Field(5.0, description="seconds a statement may wait for a lock")

    @field_validator("url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"postgres(ql)?://", url.get_secret_value()):
            raise ValueError("is no PostgreSQL address: postgresql://user:password@host:port/name")
        return url


class HttpSettings(Group):
    """The listening socket, what browsers may do, and the bounds on what a client may send."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str | None = Field(None, description="the URL that clients use, without a trailing slash")
    cors_origins: list[str] = Field(default_factory=list, description="origins allowed to read responses")
    cors_allow_credentials: bool = False
    max_body_bytes: int = Field(1_048_576, ge=1024)
    max_header_bytes: int = Field(32_768, ge=4096)
    body_timeout: Seconds = Field(15.0, description="seconds without a single byte of the body")
    max_concurrent_requests: int = Field(
        256, ge=1, description="answered at once by each process; the next one is sent away with a 503"
    )
    shutdown_timeout: int = Field(10, ge=1, description="seconds granted to running requests at shutdown")
    trusted_proxies: list[Network] = Field(
        default_factory=list,
        description="addresses or networks of proxies in front, whose X-Forwarded-For and -Proto are believed",
    )
    cursor_key: SecretStr | None = Field(None, description="signs cursors, encrypts stored responses")

    @model_validator(mode="after")
    def _credentials_name_their_origins(self) -> Self:
        if self.cors_allow_credentials and "*" in self.cors_origins:
            message = "http.cors_origins must not hold '*' while http.cors_allow_credentials is on: name the origins"
            raise ValueError(message)
        return self

    @property
    def base_url(self) -> str:
        """The URL to print and to put into mail; ``public_url`` where given."""
        host = f"[{self.reachable_host}]" if ":" in self.reachable_host else self.reachable_host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def reachable_host(self) -> str:
        """What a client on this machine calls the server, which may listen on every address."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104 - not bound


class AuthSettings(Group):
    """Token signing and lifetimes.

    ``signing_key`` is either a random secret of 32 bytes and more (HS256) or a PEM private key (RSA, EC or
    Ed25519); with a PEM key the public half is served at ``/.well-known/jwks.json``.
    """

    signing_key: SecretStr | None = None
    previous_signing_keys: list[SecretStr] = Field(default_factory=list, description="accepted, never used to sign")
    issuer: str = "strata"
    audience: str = "strata-api"
    access_ttl: int = Field(900, ge=30, description="seconds")
    refresh_ttl: int = Field(30 * 86_400, ge=60, description="seconds")
    verification_ttl: int = Field(48 * 3600, ge=60, description="seconds")
    reset_ttl: int = Field(3600, ge=60, description="seconds")
    logins_per_minute: int = Field(5, ge=1, description="per client address and per account")
    password_hash_concurrency: int = Field(2, ge=1, description="argon2 runs at once; each takes 64 MiB")


class RedisSettings(Group):
    """Redis 6 or newer, for what all workers and hosts count together. Without a URL each process counts alone."""

    url: SecretStr | None = Field(None, description="redis://, rediss:// or unix://")
    timeout: float = Field(0.05, gt=0, le=0.05, description="seconds to wait before this process counts alone")


class PlanPolicies(Group):
    """What each plan allows a consumer. Searches and batches cost several units: see ``x-rate-limit-cost``."""

    free: Policies = {"burst": "300/minute", "daily": "20000/day"}
    pro: Policies = {"burst": "3000/minute", "daily": "1000000/day"}
    enterprise: Policies = {"burst": "30000/minute", "daily": "20000000/day"}


class RateLimitSettings(Group):
    """Who may ask how often. The limit on sign-in is ``auth.logins_per_minute`` and always holds."""

    enabled: bool = Field(default=True, description="off: something in front of this server limits")
    anonymous: Policies = Field({"burst": "120/minute", "daily": "10000/day"}, description="of one client address")
    plans: PlanPolicies = PlanPolicies()
    local_counters: int = Field(50_000, ge=1000, description="kept in memory; about 250 bytes each")


class MailSettings(Group):
    """SMTP. Without a host, mail is written to the mailbox folder under ``STRATA_HOME``."""

    host: str | None = None
    port: int = Field(587, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = "Strata <no-reply@strata.example>"
    timeout: Seconds = Field(10.0, description="seconds")


class LogSettings(Group):
    """Log output on stdout."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal, else JSON")


class MetricsSettings(Group):
    """What Prometheus reads."""

    port: int | None = Field(None, ge=0, le=65535, description="a port of its own for /metrics; default: the API's")
    token: SecretStr | None = Field(None, description="what a scraper must send as its bearer token")
    consumer_series: int = Field(1000, ge=100, description="the most series that consumers may have")


class TracingSettings(Group):
    """Traces. Without an endpoint, they are kept under ``STRATA_HOME`` for ``strata traces``."""

    endpoint: str | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="base URL of an OTLP/HTTP collector: http://collector:4318"
    )
    sample_ratio: float = Field(
        0.1, ge=0, le=1, description="share of traces that is kept; `strata up` keeps all in development"
    )
    slow_threshold: Seconds = Field(1.0, description="seconds; a slower request or job is kept, as any error is")
    timeout: Seconds = Field(5.0, description="seconds in which the collector must have taken a batch")
    trust_parent: bool = Field(
        default=False, description="let callers decide what is sampled: only behind a gateway of your own"
    )


class LifecycleSettings(Group):
    """What a serving process does about the lives of versions beside its requests."""

    refresh: Seconds = Field(5.0, description="seconds until a brownout or retirement by command holds in each process")
    usage_flush: Seconds = Field(10.0, description="seconds of recorded usage that a killed process may lose")


class ConformanceSettings(Group):
    """Whether what is sent and answered is what the frozen contracts say, looked at after the answer has gone."""

    sample_ratio: float = Field(
        0.01, ge=0, le=1, description="share of requests that is looked at; 0: none, at no cost"
    )
    contracts: Path | None = Field(
        None, description="folder with v1.openapi.json and so on; default: those that this release was built with"
    )
    max_body_bytes: int = Field(262_144, ge=1024, description="a request or an answer with more is not looked at")

    @field_validator("contracts")
    @classmethod
    def _holds_contracts(cls, folder: Path | None) -> Path | None:
        if folder is not None and not any(folder.glob("*.openapi.json")):
            raise ValueError("holds no contract: v1.openapi.json, v2.openapi.json")
        return folder


class WorkerSettings(Group):
    """The background worker."""

    metrics_port: int | None = Field(None, ge=0, le=65535, description="a port for /metrics; default: none")

    concurrency: int = Field(8, ge=1, description="jobs at once")
    max_attempts: int = Field(10, ge=1)
    first_delay: Seconds = Field(2.0, description="seconds before the first retry; doubles, with jitter")
    max_delay: Seconds = Field(600.0, description="seconds; the longest pause between two attempts")
    heartbeat: Seconds = Field(10.0, description="seconds without a sign of its worker until a job goes to another")


class Settings(BaseSettings):
    """All settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="STRATA_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
        hide_input_in_errors=True,
    )

    environment: Literal["development", "production"] = "development"
    home: Path = Path(".strata")
    run_folder: Path | None = Field(None, description="what the processes of one server share; `strata` sets it")
    database: DatabaseSettings = DatabaseSettings()
    http: HttpSettings = HttpSettings()
    auth: AuthSettings = AuthSettings()
    redis: RedisSettings = RedisSettings()
    rate_limit: RateLimitSettings = RateLimitSettings()
    mail: MailSettings = MailSettings()
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
    conformance: ConformanceSettings = ConformanceSettings()
    worker: WorkerSettings = WorkerSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
    metrics: MetricsSettings = MetricsSettings()

    @property
    def production(self) -> bool:
        """Whether secrets must be given and development conveniences are off."""
        return self.environment == "production"
