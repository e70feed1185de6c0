"""Settings of identity providers, as operators set them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.http.identities import IdentityComponent
from app.http.runtime import Runtime
from app.settings.errors import SettingsError
from app.settings.loading import load_settings
from app.settings.providers import ProviderSettings

GOOGLE = {"CLIENT_ID": "strata.apps.example", "CLIENT_SECRET": "a secret of Google"}
ACME = {"ISSUER": "https://id.example.com", "CLIENT_ID": "strata", "CLIENT_SECRET": "a secret of Acme"}


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    for name, value in variables.items():
        monkeypatch.setenv(f"STRATA_{name}", value)
    return load_settings()


def given(place: str, values: dict[str, str]) -> dict[str, str]:
    return {f"PROVIDERS__{place}__{name}": value for name, value in values.items()}


def test_providers_are_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **given("GOOGLE", GOOGLE), **given("GITHUB", GOOGLE), **given("OPENID__ACME", ACME))
    providers = settings[ProviderSettings]
    assert providers.configured
    assert providers.openid["acme"].issuer == ACME["ISSUER"]
    runtime = Runtime.build(settings, SimpleNamespace(reads=None))  # type: ignore[arg-type]  # no component reads from it now
    assert runtime.get(IdentityComponent).shared.providers.names == ["google", "github", "acme"]
    assert not any(values["CLIENT_SECRET"] in repr(settings) for values in (GOOGLE, ACME))


def test_no_provider_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load(monkeypatch)[ProviderSettings].configured


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        (given("GOOGLE", {"CLIENT_ID": "strata"}), "CLIENT_SECRET"),
        (given("OPENID__ME", ACME), "'me' cannot be the name"),
        (given("OPENID__GOOGLE", ACME), "'google' cannot be the name"),
        (given("OPENID__A_B", ACME), "'a_b' cannot be the name"),
        (given("OPENID__ACME", ACME | {"ISSUER": "ftp://id.example.com"}), "https URL"),
        (given("OPENID__ACME", ACME | {"ISSUER": "https://id.example.com?x"}), "https URL"),
        (given("OPENID__ACME", ACME | {"SCOPES": "email"}), "'openid'"),
        (given("OPENID__ACME", ACME | {"CLIENT_AUTHENTICATION": "none"}), "'basic' or 'post'"),
        ({"PROVIDERS__FRONT_ENDS": '["javascript:alert(1)"]'}, "https URL"),
        ({"PROVIDERS__FRONT_ENDS": '["https://a.example/#x"]'}, "https URL"),
    ],
)
def test_an_unusable_provider_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load(monkeypatch, **variables)
    assert text in str(raised.value)
    assert "secret of" not in str(raised.value)


@pytest.mark.parametrize(
    ("public_url", "usable"),
    [("https://api.example.com", True), ("http://127.0.0.1:8000", True), ("http://api.example.com", False)],
)
def test_callbacks_are_protected(monkeypatch: pytest.MonkeyPatch, public_url: str, usable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    settings = load(monkeypatch, HTTP__PUBLIC_URL=public_url, **given("GOOGLE", GOOGLE))
    if usable:
        runtime = Runtime.build(settings, SimpleNamespace(reads=None))  # type: ignore[arg-type]  # as above
        assert runtime.get(IdentityComponent).secure == public_url.startswith("https")
    else:
        with pytest.raises(SettingsError, match="STRATA_HTTP__PUBLIC_URL must be an https URL"):
            Runtime.build(settings, SimpleNamespace(reads=None))  # type: ignore[arg-type]  # as above
