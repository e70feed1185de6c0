"""``strata doctor``: what a production system lacks, private files, and what answers on the port."""

from pathlib import Path

import pytest

from app.cli import doctor
from app.cli.kit.diagnosis import DiagnosisStatus
from app.cli.kit.output import CommandError
from app.settings.mail import MailSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings

OK, WARN, FAIL = DiagnosisStatus.OK, DiagnosisStatus.WARN, DiagnosisStatus.FAIL


@pytest.mark.parametrize(("environment", "verdict"), [("development", OK), ("production", WARN)])
def test_a_production_system_without_redis_and_mail_is_warned(
    settings: Settings, environment: str, verdict: DiagnosisStatus
) -> None:
    own = settings.with_groups(RedisSettings(), MailSettings()).model_copy(update={"environment": environment})
    for found, variable in ((doctor._redis(own), "STRATA_REDIS__URL"), (doctor._mail(own), "STRATA_MAIL__HOST")):
        assert found.verdict is verdict
        assert (variable in found.advice) is (verdict is WARN)


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o600, OK), (0o400, OK), (0o640, FAIL), (0o604, FAIL), (0o602, FAIL), (0o601, FAIL)]
)
@pytest.mark.parametrize("name", ["secrets.json", "credentials.json"])
def test_private_files_are_those_of_one_user(
    settings: Settings, tmp_path: Path, mode: int, verdict: DiagnosisStatus, name: str
) -> None:
    own = settings.model_copy(update={"home": tmp_path})
    (tmp_path / name).touch()
    (tmp_path / name).chmod(mode)
    found = doctor._home(own)
    assert found.verdict is verdict
    assert found.advice == (f"chmod 600 {tmp_path / name}" if verdict is FAIL else "")


def test_a_home_that_does_not_exist_is_created_later(settings: Settings, tmp_path: Path) -> None:
    assert doctor._home(settings.model_copy(update={"home": tmp_path / "new"})).verdict is WARN
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("status", "free", "verdict", "detail"),
    [
        (200, True, OK, "ready on port"),
        (503, True, FAIL, "returns 503"),
        (None, True, OK, "is free"),
        (None, False, FAIL, "in use"),
    ],
)
def test_what_answers_on_the_port(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
    free: bool,  # noqa: FBT001 - a case
    verdict: DiagnosisStatus,
    detail: str,
) -> None:
    def free_port(_http: object) -> int:
        if not free:
            raise CommandError("The port is in use.", "Choose another.")
        return 8000

    monkeypatch.setattr(doctor, "_health", lambda _settings: status)
    monkeypatch.setattr(doctor, "free_port", free_port)
    found = doctor._port(settings)
    assert found.verdict is verdict
    assert detail in found.detail
