"""A settings group is a class in a module of app/settings, without further registration."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import app.settings
from app.settings.errors import SettingsError
from app.settings.loading import load_settings, settings_class

MODULE = """
    from app.settings.group import Group, RequiredSecret


    class ToySettings(Group, name="{name}"):
        attempts: int = 5
        {key}: RequiredSecret = None
"""


@pytest.fixture
def define(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Adds the module app.settings.toy_group, with a group of this name that requires this secret."""
    folder = tmp_path / "settings"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app.settings, "__path__", [*app.settings.__path__, str(folder)])

    def write(name: str = "toys", key: str = "toy_key") -> None:
        (folder / "toy_group.py").write_text(dedent(MODULE.format(name=name, key=key)))
        settings_class.cache_clear()

    yield write
    sys.modules.pop("app.settings.toy_group", None)
    vars(app.settings).pop("toy_group", None)
    settings_class.cache_clear()


def test_a_new_group_is_read_from_the_environment(
    define: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    define()
    monkeypatch.setenv("STRATA_TOYS__ATTEMPTS", "7")
    group = load_settings(home=tmp_path / "home")[sys.modules["app.settings.toy_group"].ToySettings]
    assert group.attempts == 7
    assert len(group.toy_key.get_secret_value()) >= 64, "generated"


def test_production_requires_the_secret_of_a_new_group(define: Callable[..., None]) -> None:
    define()
    key = "7c9d0b1e" * 8
    with pytest.raises(SettingsError, match="STRATA_TOYS__TOY_KEY is missing"):
        load_settings(
            environment="production", auth={"signing_key": key}, http={"cursor_key": key}, webhooks={"sealing_key": key}
        )


def test_two_groups_cannot_have_one_name(define: Callable[..., None]) -> None:
    define(name="mail")
    with pytest.raises(TypeError, match="two settings groups have the name 'mail'"):
        load_settings()


def test_two_groups_cannot_generate_a_secret_of_one_name(define: Callable[..., None], tmp_path: Path) -> None:
    define(key="signing_key")
    with pytest.raises(TypeError, match="require a secret of the same name"):
        load_settings(home=tmp_path / "home")
