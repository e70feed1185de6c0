"""Settings and secrets: generated once in development, required in production, and rejected by name."""

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.cli.kit.environment import read_settings
from app.settings.auth import AuthSettings
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.loading import COMPOSE_VARIABLES, load_settings

GOOD = "7c9d0b1e" * 8


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a .env."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORT", raising=False)
    return tmp_path


def load_production(**groups: Any) -> Any:
    values = {
        "auth": {"signing_key": GOOD},
        "http": {"cursor_key": GOOD},
        "webhooks": {"sealing_key": GOOD},
    } | groups
    return load_settings(environment="production", **values)


@pytest.mark.parametrize("weak", ["", "x" * 20, "changeme" * 8, "a" * 64, "abcabc" * 12, "My-Secret-Key-" * 4])
@pytest.mark.parametrize(
    ("group", "name"),
    [("auth", "signing_key"), ("http", "cursor_key"), ("webhooks", "sealing_key")],
    ids=["signing_key", "cursor_key", "sealing_key"],
)
def test_production_rejects_a_weak_secret(folder: Path, group: str, name: str, weak: str) -> None:
    with pytest.raises(SettingsError, match=f"STRATA_{group}__{name}".upper()) as rejected:
        load_production(**{group: {name: weak}})
    assert not weak or weak not in str(rejected.value)
    assert list(folder.iterdir()) == []


def test_production_rejects_a_weak_previous_key() -> None:
    with pytest.raises(SettingsError, match="STRATA_AUTH__PREVIOUS_SIGNING_KEYS"):
        load_production(auth={"signing_key": GOOD, "previous_signing_keys": [GOOD, "changeme" * 8]})


def test_production_writes_nothing(folder: Path) -> None:
    assert load_production(auth={"signing_key": GOOD, "previous_signing_keys": [GOOD[::-1]]}).production
    assert list(folder.iterdir()) == []


def test_development_generates_secrets_once(folder: Path) -> None:
    home = folder / "home"
    first = load_settings(home=home)
    path = home / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert load_settings(home=home)[AuthSettings] == first[AuthSettings]
    assert load_settings(home=folder / "other")[AuthSettings] != first[AuthSettings]
    assert first[AuthSettings].signing_key is not None
    assert len(first[AuthSettings].signing_key.get_secret_value()) >= 64


def test_concurrent_processes_use_the_same_secrets(folder: Path) -> None:
    for attempt in range(5):
        home = folder / str(attempt)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda home: load_settings(home=home), [home] * 8))
        keys = {(one[AuthSettings].signing_key, one[HttpSettings].cursor_key) for one in found}
        assert len({key.get_secret_value() for pair in keys for key in pair if key}) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"signing_key": 1, "cursor_key": "x"}'])
def test_a_damaged_file_is_reported_and_not_changed(folder: Path, text: str) -> None:
    (folder / "secrets.json").write_text(text)
    with pytest.raises(SettingsError, match=r"secrets\.json is damaged"):
        load_settings(home=folder)
    assert (folder / "secrets.json").read_text() == text


def test_a_missing_secret_is_added_to_the_stored_ones(folder: Path) -> None:
    (folder / "secrets.json").write_text(json.dumps({"signing_key": GOOD}))
    settings = load_settings(home=folder)
    assert settings[AuthSettings].signing_key is not None
    assert settings[AuthSettings].signing_key.get_secret_value() == GOOD
    assert json.loads((folder / "secrets.json").read_text()).keys() == {"signing_key", "cursor_key", "sealing_key"}


@pytest.mark.parametrize(
    "name",
    [
        "STRATA_HTTP__PROT",
        "STRATA_HTPP__PORT",
        "strata_mailx__host",
        "STRATA_ENVIRONMENTS",
        "STRATA_HTTP_PORT",
        "STRATA_HTPP",
    ],
)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_a_misspelt_name_is_rejected(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: str) -> None:
    if source == "environment":
        monkeypatch.setenv(name, "1")
    else:
        (folder / ".env").write_text(f"{name}=1\n")
    with pytest.raises(SettingsError, match=f"(?i){name}"):
        load_settings(home=folder)


def test_a_value_of_the_wrong_type_is_rejected_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_AUTH__ACCESS_TTL", "soon")
    with pytest.raises(SettingsError, match="STRATA_AUTH__ACCESS_TTL"):
        load_settings()


def test_a_misspelt_name_is_reported_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_HTPP__PORT", "1")
    with pytest.raises(SettingsError, match="did you mean STRATA_HTTP__PORT"):
        load_settings()


@pytest.mark.parametrize("token", [None, ""])
def test_a_port_for_operators_needs_a_token(folder: Path, monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    monkeypatch.setenv("STRATA_OPERATIONS__PORT", "9103")
    if token is not None:
        monkeypatch.setenv("STRATA_OPERATIONS__TOKEN", token)
    with pytest.raises(SettingsError, match="STRATA_OPERATIONS__TOKEN"):
        load_settings(home=folder)


def test_every_fault_is_reported_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_AUTH__ACCESS_TTL", "soon")
    monkeypatch.setenv("STRATA_AUTH__ISUER", "strata")
    monkeypatch.setenv("STRATA_ENVIRONMENTS", "production")
    monkeypatch.setenv("STRATA_MAIL", "nonsense")
    with pytest.raises(SettingsError) as rejected:
        load_settings(home=folder)
    named = ("STRATA_AUTH__ACCESS_TTL", "STRATA_AUTH__ISUER", "STRATA_ENVIRONMENTS", "STRATA_MAIL ")
    assert len(rejected.value.faults) == len(named)
    for name in named:
        assert any(fault.startswith(name) for fault in rejected.value.faults), name
    assert {"auth", "mail"}.isdisjoint(rejected.value.usable)
    assert rejected.value.usable["http"].port == 8000


def test_production_reports_every_missing_secret_at_once() -> None:
    with pytest.raises(SettingsError) as rejected:
        load_settings(environment="production")
    assert [fault.partition(" ")[0] for fault in rejected.value.faults] == [
        "STRATA_AUTH__SIGNING_KEY",
        "STRATA_HTTP__CURSOR_KEY",
        "STRATA_WEBHOOKS__SEALING_KEY",
    ]


def test_variables_of_the_compose_file_are_no_misspelt_settings(folder: Path) -> None:
    compose = (Path(__file__).parents[3] / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{(STRATA_[A-Z_]+)", compose))
    assert {name for name in used if "__" not in name} == COMPOSE_VARIABLES
    (folder / ".env").write_text("".join(f"{name}=1\n" for name in COMPOSE_VARIABLES))
    load_settings(home=folder)


def test_a_file_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / ".env").write_bytes(b"STRATA_HTTP__PORT=\xff\n")
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8"):
        load_settings(home=folder)


@pytest.mark.parametrize("url", ["mysql://ada:hunter22@host/x", "postgresql+asyncpg://a:hunter22@host/x", "hunter22"])
def test_another_database_is_rejected_without_logging_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STRATA_DATABASE__URL", url)
    with pytest.raises(SettingsError, match="STRATA_DATABASE__URL") as rejected:
        load_settings()
    assert "hunter22" not in str(rejected.value)


def test_port_takes_precedence_over_the_setting_and_the_environment_over_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATA_HOME", str(folder))
    (folder / ".env").write_text("STRATA_HTTP__PORT=9001\nSTRATA_HTTP__HOST=::1\nUNRELATED__NAME=1\n")
    assert read_settings()[HttpSettings].port == 9001
    monkeypatch.setenv("STRATA_HTTP__PORT", "9002")
    assert read_settings()[HttpSettings].port == 9002
    monkeypatch.setenv("PORT", "9003")
    http = read_settings()[HttpSettings]
    assert (http.port, http.host) == (9003, "::1"), "other values of the group are unchanged"
    for wrong in ("many", "70000", "-1"):
        monkeypatch.setenv("PORT", wrong)
        with pytest.raises(SettingsError, match="PORT"):
            read_settings()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - nothing is bound
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("api.example", "http://api.example:8000"),
    ],
)
def test_the_base_url_has_a_host_that_clients_can_reach(host: str, url: str) -> None:
    assert HttpSettings(host=host).base_url == url
    assert HttpSettings(host=host, public_url="https://api.example/").base_url == "https://api.example"


def test_a_cache_in_redis_needs_the_url_of_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_CACHE__BACKEND", "redis")
    with pytest.raises(SettingsError) as error:
        load_settings(generate=False)
    expected = "STRATA_CACHE__BACKEND is redis, but STRATA_REDIS__URL is not set: set it, or choose memory or none"
    assert (error.value.faults, "cache" in error.value.usable) == ((expected,), True)
    monkeypatch.setenv("STRATA_REDIS__URL", "redis://redis.example:6379/0")
    load_settings(generate=False)
