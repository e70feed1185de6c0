"""``strata auth rotate-signing-key``, for stored keys and for keys of the environment."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.auth.key_rotation import Rotation
from app.auth.tokens import TokenSigner
from app.cli.kit.output import CommandError
from app.cli.program import program
from app.kit.clock import utc_now
from app.settings.auth import AuthSettings
from app.settings.generated import stored_secrets
from app.settings.loading import load_settings
from tests.support.postgres import stored_rows

KEY = "f1c5a90b" * 8
Rotate = Callable[..., str]


@pytest.fixture
def rotate(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotate:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_DATABASE__URL", dsn)
    for name in ("SIGNING_KEY", "NEXT_SIGNING_KEY", "PREVIOUS_SIGNING_KEYS"):
        monkeypatch.delenv(f"STRATA_AUTH__{name}", raising=False)

    def rotate(*options: str) -> str:
        result = CliRunner().invoke(program, ["auth", "rotate-signing-key", *options])
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return rotate


def restarted(home: Path, ago: timedelta) -> None:
    Rotation(home, load_settings(home=home)[AuthSettings]).record_use(utc_now() - ago)


def test_each_step_names_the_next_one(rotate: Rotate, tmp_path: Path) -> None:
    output = rotate("--algorithm", "rs256")
    assert "5 minutes after the restart, run `strata auth rotate-signing-key` again" in output
    restarted(tmp_path, timedelta(minutes=6))
    assert "30 days after the restart" in rotate()
    restarted(tmp_path, timedelta(days=31))
    assert "The rotation is complete." in rotate()
    secrets = stored_secrets(tmp_path)
    assert secrets.keys() == {"signing_key", "cursor_key", "sealing_key"}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    keys = TokenSigner(load_settings()[AuthSettings]).public_keys()
    assert keys is not None
    assert [key["alg"] for key in keys["keys"]] == ["RS256"]


def test_each_step_is_in_the_audit_trail(rotate: Rotate, dsn: str, tmp_path: Path) -> None:
    """A rejected step is not, and neither is a secret."""
    rotate("--algorithm", "rs256")
    with pytest.raises(CommandError):
        rotate()
    restarted(tmp_path, timedelta(minutes=6))
    rotate()
    restarted(tmp_path, timedelta(days=31))
    rotate()
    found = stored_rows(dsn, "SELECT action, actor, target, outcome, address, detail FROM audit_events ORDER BY at")
    assert [(*row[:-1], json.loads(row[-1])) for row in found] == [
        ("signing_key.rotated", None, None, "success", None, detail)
        for detail in ({"step": "publish", "algorithm": "RS256"}, {"step": "sign"}, {"step": "drop"})
    ]


def test_without_a_database_no_step_is_taken(rotate: Rotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_DATABASE__URL", "postgresql://strata@127.0.0.1:1/strata")
    with pytest.raises(CommandError):
        rotate()
    assert "next_signing_key" not in stored_secrets(tmp_path)


def test_no_stored_key_is_printed(rotate: Rotate, tmp_path: Path) -> None:
    outputs = [rotate()]
    restarted(tmp_path, timedelta(minutes=6))
    outputs.append(rotate())
    assert not any("PRIVATE KEY" in output for output in outputs)


def test_a_step_that_comes_too_early_is_rejected_with_its_time(rotate: Rotate, tmp_path: Path) -> None:
    rotate()
    with pytest.raises(CommandError, match="not in use yet, so caches may lack the next key") as early:
        rotate()
    assert "Restart `strata up`, and run this command again 5 minutes later." in early.value.advice
    restarted(tmp_path, timedelta(0))
    with pytest.raises(CommandError, match=r"possible from \d{4}-\d\d-\d\dT[\d:]+Z on: caches may lack the next key"):
        rotate()
    assert "next_signing_key" in stored_secrets(tmp_path)


def test_an_early_end_names_the_tokens(rotate: Rotate, tmp_path: Path) -> None:
    rotate()
    restarted(tmp_path, timedelta(minutes=6))
    rotate()
    restarted(tmp_path, timedelta(days=29))
    with pytest.raises(CommandError, match="tokens of the previous key may still be valid"):
        rotate()


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_the_printed_lines_rotate_a_key_of_the_environment(
    rotate: Rotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    monkeypatch.setenv("STRATA_ENVIRONMENT", "production")
    monkeypatch.setenv("STRATA_HTTP__CURSOR_KEY", KEY[::-1])
    monkeypatch.setenv("STRATA_WEBHOOKS__SEALING_KEY", KEY[::-1])
    env = tmp_path / ".env"

    def configure(text: str) -> AuthSettings:
        env.write_text(text)
        return load_settings()[AuthSettings]

    configure(f"STRATA_AUTH__SIGNING_KEY={KEY}\n")
    first = rotate("--algorithm", algorithm)
    (line,) = re.findall(r"^STRATA_.*=.*$", first, re.MULTILINE)
    assert "5 minutes after the last restart" in first
    published = configure(f"STRATA_AUTH__SIGNING_KEY={KEY}\n{line}\n")
    keys = TokenSigner(published).public_keys()
    assert keys is not None
    assert [key["alg"] for key in keys["keys"]] == [algorithm]
    second = rotate()
    assert "30 days after the last restart" in second
    signing = configure("\n".join(re.findall(r"^STRATA_.*=.*$", second, re.MULTILINE)))
    assert signing.signing_key == published.next_signing_key
    assert signing.next_signing_key is None
    assert [key.get_secret_value() for key in signing.previous_signing_keys] == [KEY]
    # Another rotation stores the replaced PEM key beside the previous one.
    (line,) = re.findall(r"^STRATA_.*=.*$", rotate(), re.MULTILINE)
    configure(f"{env.read_text()}\n{line}\n")
    third = configure("\n".join(re.findall(r"^STRATA_.*=.*$", rotate(), re.MULTILINE)))
    assert [key.get_secret_value().strip() for key in third.previous_signing_keys] == [
        signing.signing_key.get_secret_value().strip() if signing.signing_key else None,
        KEY,
    ]
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize(("name", "value"), [("NEXT_SIGNING_KEY", KEY), ("PREVIOUS_SIGNING_KEYS", json.dumps([KEY]))])
def test_a_partly_configured_environment_is_rejected(
    rotate: Rotate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv(f"STRATA_AUTH__{name}", value)
    with pytest.raises(CommandError, match="is set, but STRATA_AUTH__SIGNING_KEY is not"):
        rotate()
    assert not (tmp_path / "secrets.json").exists()
