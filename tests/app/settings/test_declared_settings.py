"""Every setting with its default and its bounds, as operators read them: a changed one is a change of the product."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr, ValidationError

from app.settings.auth import JWKS_MAX_AGE
from app.settings.conformance import ConformanceSettings
from app.settings.database import DatabaseSettings
from app.settings.errors import SettingsError, require_secret, variable
from app.settings.generated import MINIMUM_LENGTH
from app.settings.group import Group, SecretRule
from app.settings.http import HttpSettings
from app.settings.loading import load_settings, settings_class
from app.settings.mail import MailSettings
from app.settings.operations import OperationsSettings
from app.settings.rate_limit import LARGEST_COST, MOST_POLICIES, RateLimitSettings
from app.settings.tracing import TracingSettings

SETTINGS: Final[dict[str, tuple[object, str]]] = {
    "auth.signing_key": (None, ""),
    "auth.next_signing_key": (None, ""),
    "auth.previous_signing_keys": ([], ""),
    "auth.issuer": ("strata", ""),
    "auth.audience": ("strata-api", ""),
    "auth.access_ttl": (900, ">= 30"),
    "auth.refresh_ttl": (2592000, ">= 60"),
    "auth.verification_ttl": (172800, ">= 60"),
    "auth.reset_ttl": (3600, ">= 60"),
    "auth.logins_per_minute": (5, ">= 1"),
    "auth.failed_logins_per_hour": (30, ">= 1"),
    "auth.password_hash_concurrency": (2, ">= 1"),
    "cache.backend": ("none", "none|memory|redis"),
    "cache.ttl": (1.0, "> 0, <= 5"),
    "cache.max_bytes": (67_108_864, ">= 1048576"),
    "conformance.sample_ratio": (0.01, ">= 0, <= 1"),
    "conformance.contracts": (None, ""),
    "conformance.max_body_bytes": (262144, ">= 1024"),
    "database.url": (None, ""),
    "database.owner_url": (None, ""),
    "database.read_pool_size": (8, ">= 1"),
    "database.write_pool_size": (6, ">= 1"),
    "database.export_pool_size": (2, ">= 1"),
    "database.max_waiting_exports": (8, ">= 0"),
    "database.export_wait": (3.0, "> 0"),
    "database.export_timeout": (900.0, "> 0"),
    "database.connect_timeout": (5.0, "> 0"),
    "database.statement_timeout": (7.0, "> 0"),
    "database.lock_timeout": (5.0, "> 0"),
    "database.idle_transaction_timeout": (15.0, "> 0"),
    "egress.allow": (None, ""),
    "http.host": ("127.0.0.1", ""),
    "http.port": (8000, ">= 0, <= 65535"),
    "http.public_url": (None, ""),
    "http.cors_origins": ([], ""),
    "http.cors_allow_credentials": (False, ""),
    "http.max_body_bytes": (1048576, ">= 1024"),
    "http.max_header_bytes": (32768, ">= 4096"),
    "http.max_header_fields": (100, ">= 16"),
    "http.max_target_bytes": (8192, ">= 1024"),
    "http.max_drained_bytes": (65536, ">= 0"),
    "http.linger_bytes": (2097152, ">= 0"),
    "http.linger_timeout": (5, ">= 1"),
    "http.unread_timeout": (30, ">= 1"),
    "http.max_pipelined_requests": (16, ">= 1"),
    "http.max_connections": (1000, ">= 1"),
    "http.head_timeout": (10, ">= 1"),
    "http.keep_alive_timeout": (75, ">= 1"),
    "http.request_timeout": (8.0, "> 0"),
    "http.body_timeout": (15.0, "> 0"),
    "http.min_body_rate": (500, ">= 0"),
    "http.max_concurrent_requests": (256, ">= 1"),
    "http.max_concurrent_transfers": (32, ">= 1"),
    "http.shutdown_timeout": (10, ">= 1"),
    "http.trusted_proxies": ([], ""),
    "http.cursor_key": (None, ""),
    "lifecycle.refresh": (5.0, "> 0"),
    "lifecycle.usage_flush": (10.0, "> 0"),
    "log.level": ("info", "debug|info|warning|error"),
    "log.format": ("auto", "auto|json|console"),
    "mail.host": (None, ""),
    "mail.port": (587, ">= 1, <= 65535"),
    "mail.username": (None, ""),
    "mail.password": (None, ""),
    "mail.security": ("starttls", "starttls|tls|none"),
    "mail.sender": ("Strata <no-reply@strata.example>", ""),
    "mail.timeout": (10.0, "> 0"),
    "events.retention_days": (30, ">= 1"),
    "notifications.retention_days": (90, ">= 1"),
    "rooms.retention_hours": (24, ">= 1"),
    "providers.google": (None, ""),
    "providers.github": (None, ""),
    "providers.openid": ({}, ""),
    "providers.front_ends": ([], ""),
    "metrics.port": (None, ">= 0, <= 65535"),
    "metrics.token": (None, ""),
    "metrics.consumer_series": (1000, ">= 100"),
    "operations.port": (None, ">= 0, <= 65535"),
    "operations.token": (None, ""),
    "rate_limit.enabled": (True, ""),
    "rate_limit.anonymous": ({"burst": "120/minute", "daily": "10000/day"}, "size >= 1, size <= 8"),
    "rate_limit.rejected_credentials": ({"rejected": "120/minute"}, "size >= 1, size <= 8"),
    "rate_limit.local_counters": (50000, ">= 1000"),
    "realtime.max_connections": (1000, ">= 1"),
    "realtime.max_message_bytes": (65536, ">= 1024"),
    "realtime.max_connection_seconds": (3600.0, "> 0, <= 3600"),
    "realtime.heartbeat_seconds": (15.0, "> 0"),
    "redis.url": (None, ""),
    "redis.timeout": (0.05, "> 0, <= 0.05"),
    "storage.folder": (None, ""),
    "storage.bucket": (None, ""),
    "storage.endpoint": (None, ""),
    "storage.public_endpoint": (None, ""),
    "storage.region": ("us-east-1", ""),
    "storage.access_key": (None, ""),
    "storage.secret_key": (None, ""),
    "storage.connect_timeout": (1.0, "> 0"),
    "storage.timeout": (30.0, "> 0"),
    "tracing.endpoint": (None, "^https?://[^\\s]+$"),
    "tracing.sample_ratio": (0.1, ">= 0, <= 1"),
    "tracing.slow_threshold": (1.0, "> 0"),
    "tracing.timeout": (5.0, "> 0"),
    "tracing.trust_parent": (False, ""),
    "impact.immediate_bytes": (4_194_304, ">= 0"),
    "impact.immediate_consumers": (200, ">= 0"),
    "impact.immediate_seconds": (10.0, "> 0"),
    "impact.max_memory_bytes": (2_147_483_648, ">= 536870912"),
    "jobs.retention_days": (30, ">= 1"),
    "jobs.problem_retention_days": (30, ">= 1"),
    "jobs.queue_log_retention_days": (7, ">= 1"),
    "worker.metrics_port": (None, ">= 0, <= 65535"),
    "worker.concurrency": (16, ">= 2"),
    "worker.max_attempts": (10, ">= 1"),
    "worker.first_delay": (2.0, "> 0"),
    "worker.max_delay": (600.0, "> 0"),
    "usage.first_samples": (20, ">= 0"),
    "usage.sample_ratio": (0.01, ">= 0, <= 1"),
    "usage.max_samples_per_second": (50, "> 0"),
    "usage.max_waiting": (256, ">= 1"),
    "usage.max_body_bytes": (262144, ">= 1024"),
    "usage.max_rows_per_day": (100000, ">= 1"),
    "webhooks.sealing_key": (None, ""),
    "webhooks.retention_days": (30, ">= 1"),
    "worker.heartbeat": (10.0, "> 0"),
    "worker.shutdown_timeout": (10.0, "> 0"),
}
"""The default and the bounds of each setting."""

SECRETS: Final = {
    "auth.signing_key": True,
    "auth.next_signing_key": False,
    "auth.previous_signing_keys": False,
    "http.cursor_key": True,
    "webhooks.sealing_key": True,
    "operations.token": False,
}
"""The secrets that must be strong in production, and whether it must set them."""

_WORDS: Final = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "minProperties": "size >=",
    "maxProperties": "size <=",
}


def _groups() -> Iterator[type[Group]]:
    for field in settings_class().model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            yield field.annotation


def _bounds(schema: Mapping[str, Any]) -> str:
    variants = [schema, *(each for each in schema.get("anyOf", ()) if each.get("type") != "null")]
    found = [f"{word} {each[key]}" for each in variants for key, word in _WORDS.items() if key in each]
    found += [each["pattern"] for each in variants if "pattern" in each]
    found += ["|".join(each["enum"]) for each in variants if "enum" in each]
    return ", ".join(found)


def _declared() -> Iterator[tuple[str, tuple[object, str]]]:
    for group in _groups():
        properties = group.model_json_schema()["properties"]
        defaults = group().model_dump()
        assert properties.keys() == defaults.keys()
        for name, schema in properties.items():
            yield f"{group.group_name}.{name}", (defaults[name], _bounds(schema))


def test_every_setting_has_the_declared_default_and_bounds() -> None:
    assert dict(_declared()) == SETTINGS


def test_values_that_no_setting_changes() -> None:
    """Caches of the JWK set, and clients that read the documentation, rely on them."""
    assert (JWKS_MAX_AGE, MINIMUM_LENGTH, MOST_POLICIES, LARGEST_COST) == (300, 32, 8, 10)


def test_the_secrets_that_production_checks() -> None:
    found = {
        f"{group.group_name}.{name}": rule.required
        for group in _groups()
        for name, field in group.model_fields.items()
        for rule in field.metadata
        if isinstance(rule, SecretRule)
    }
    assert found == SECRETS
    assert MINIMUM_LENGTH == 32


@pytest.mark.parametrize(
    ("group", "good", "bad", "message"),
    [
        (
            HttpSettings,
            {"cors_origins": ["https://a.example"], "cors_allow_credentials": True},
            {"cors_origins": ["*"], "cors_allow_credentials": True},
            "must not contain",
        ),
        (HttpSettings, {"cors_origins": ["*"]}, {"trusted_proxies": ["10.0.0.1/8"]}, "host bits"),
        (HttpSettings, {"trusted_proxies": ["10.0.0.0/8", "::1"]}, {"prot": 1}, "Extra inputs"),
        (MailSettings, {"username": "a", "password": "b"}, {"username": "a"}, "belong together"),
        (MailSettings, {}, {"password": "b"}, "belong together"),
        (OperationsSettings, {"port": 0, "token": "t"}, {"port": 0}, "needs a token"),
        (OperationsSettings, {"token": "t"}, {"port": 9103, "token": ""}, "needs a token"),
        (RateLimitSettings, {"anonymous": {"a": "1/minute"}}, {"anonymous": {}}, "at least 1"),
        (RateLimitSettings, {"anonymous": {"a-b_1": "999999999/999 days"}}, {"anonymous": {"A": "1/day"}}, "pattern"),
        (RateLimitSettings, {"anonymous": {"a": "2/hours"}}, {"anonymous": {"a": "0/minute"}}, "pattern"),
        (DatabaseSettings, {"url": "postgres://h/n"}, {"url": "xpostgres://h/n"}, "must be a PostgreSQL URL"),
        (DatabaseSettings, {"url": "postgresql://h/n"}, {"url": "postgresq://h/n"}, "must be a PostgreSQL URL"),
        (TracingSettings, {"endpoint": "https://c:4318/otlp"}, {"endpoint": "ftp://c:4318"}, "pattern"),
    ],
)
def test_values_that_belong_together(
    group: type[Group], good: Mapping[str, Any], bad: Mapping[str, Any], message: str
) -> None:
    found = group(**good)
    assert found.model_dump(include=set(good)).keys() == good.keys()
    with pytest.raises(ValidationError, match=message):
        group(**bad)


def test_networks_are_written_in_one_form() -> None:
    assert HttpSettings(trusted_proxies=["::0001", "10.0.0.0/255.0.0.0"]).trusted_proxies == ["::1/128", "10.0.0.0/8"]


def test_contracts_are_a_folder_with_contracts(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="must be a folder with contracts"):
        ConformanceSettings(contracts=tmp_path)
    (tmp_path / "v901.openapi.json").touch()
    assert ConformanceSettings(contracts=tmp_path).contracts == tmp_path


def test_settings_cannot_be_changed_but_copied_with_other_groups(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings[HttpSettings].port = 1
    with pytest.raises(ValidationError, match="frozen"):
        settings.environment = "production"
    copied = settings.with_groups(HttpSettings(port=9), MailSettings(port=10))
    assert (copied[HttpSettings].port, copied[MailSettings].port, settings[HttpSettings].port) == (9, 10, 8000)
    assert copied.home == tmp_path


def test_the_values_without_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STRATA_HOME", raising=False)
    settings = load_settings(generate=False)
    assert (settings.environment, settings.home, settings.run_folder) == ("development", Path(".strata"), None)
    assert settings[HttpSettings].cursor_key is None, "nothing is generated"
    assert not settings.production
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("STRATA_RUN_FOLDER", "run")
    assert load_settings(generate=False).run_folder == Path("run")


def test_a_secret_that_must_be_set_is_named() -> None:
    secret = SecretStr("x")
    assert require_secret(secret, "mail", "password") is secret
    with pytest.raises(SettingsError, match=r"^STRATA_MAIL__PASSWORD must be set$"):
        require_secret(None, "mail", "password")
    assert variable("home") == "STRATA_HOME"
    error = SettingsError("one", "two")
    assert (str(error), error.faults, error.usable) == ("one; two", ("one", "two"), {})
