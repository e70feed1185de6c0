"""``strata doctor``: checks the installation and reports what to do about problems."""

import errno
import http.client
import os
import socket
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Final

import typer
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rich.text import Text

from app.cli.kit.database_diagnoses import database_diagnoses
from app.cli.kit.diagnosis import Diagnosis, DiagnosisStatus
from app.cli.kit.environment import read_settings
from app.cli.kit.output import AsJson, CommandError, show_json, show_table
from app.cli.kit.ports import free_port
from app.cli.kit.storage_diagnosis import storage_diagnosis
from app.kit.mail.mailer import mailbox_folder
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.loading import settings_class
from app.settings.mail import MailSettings
from app.settings.redis import RedisSettings
from app.settings.root import Settings
from observability.logs.redaction import redact_text

_OLDEST_REDIS: Final = 6
_PRIVATE_FILES: Final = ("secrets.json", "credentials.json")


def doctor(as_json: AsJson = False) -> None:
    """Check settings, home, database, clock, migrations, API, Redis, mail and storage. Exit code 1: a check failed."""
    diagnoses = list(_examine())
    if as_json:
        show_json([asdict(diagnosis) for diagnosis in diagnoses])
    else:
        colours = {DiagnosisStatus.OK: "green", DiagnosisStatus.WARN: "yellow", DiagnosisStatus.FAIL: "bold red"}
        show_table(
            ("check", "", "found", "what to do"),
            [(f.check, Text(f.verdict, style=colours[f.verdict]), f.detail, f.advice) for f in diagnoses],
            empty="Nothing was checked.",
        )
    if any(diagnosis.verdict is DiagnosisStatus.FAIL for diagnosis in diagnoses):
        raise typer.Exit(1)


def _examine() -> Iterator[Diagnosis]:
    """Run every check; one that needs an invalid group of settings is left out."""
    try:
        values = dict(read_settings(generate=False))
        yield Diagnosis("settings", DiagnosisStatus.OK, f"{values['environment']}, home {values['home']}")
    except SettingsError as error:
        for fault in error.faults:
            yield Diagnosis("settings", DiagnosisStatus.FAIL, fault, "Change the environment or .env.")
        values = error.usable
    except OSError as error:
        yield Diagnosis("settings", DiagnosisStatus.FAIL, str(error), "Change the environment or .env.")
        return
    settings = settings_class().model_construct(**values)
    for check, needed in _CHECKS:
        if values.keys() >= needed:
            yield from check(settings)


def _home(settings: Settings) -> Diagnosis:
    home = settings.home
    if not home.exists():
        return Diagnosis("home", DiagnosisStatus.WARN, "does not exist yet", "`strata up` creates it.")
    if not os.access(home, os.W_OK | os.X_OK):
        return Diagnosis(
            "home", DiagnosisStatus.FAIL, "is not writable", "Change its owner, or set STRATA_HOME to another folder."
        )
    files = [home / name for name in _PRIVATE_FILES]
    opened = [str(path) for path in files if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    if opened:
        return Diagnosis(
            "home",
            DiagnosisStatus.FAIL,
            f"readable by other users: {', '.join(opened)}",
            f"chmod 600 {' '.join(opened)}",
        )
    return Diagnosis("home", DiagnosisStatus.OK, "writable, secrets are private")


def _port(settings: Settings) -> Diagnosis:
    port = settings[HttpSettings].port
    if (status := _health(settings)) is not None:
        if status == http.HTTPStatus.OK:
            return Diagnosis("API", DiagnosisStatus.OK, f"ready on port {port}")
        return Diagnosis("API", DiagnosisStatus.FAIL, f"/health/ready on port {port} returns {status}", "Read its log.")
    try:
        free_port(settings[HttpSettings])
    except CommandError as error:
        return Diagnosis("API", DiagnosisStatus.FAIL, str(error), error.advice)
    return Diagnosis("API", DiagnosisStatus.OK, f"not running; port {port} is free")


def _health(settings: Settings) -> int | None:
    """The status code of the readiness check; ``None`` if no Strata server responds on the port."""
    connection = http.client.HTTPConnection(
        settings[HttpSettings].reachable_host, settings[HttpSettings].port, timeout=3
    )
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        ours = "json" in response.headers.get("Content-Type", "") and b'"status"' in response.read(65_536)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return response.status if ours else None


def _redis(settings: Settings) -> Diagnosis:
    secret = settings[RedisSettings].url
    if secret is None:
        detail = "not set; each process counts alone"
        if settings.production:
            return Diagnosis("redis", DiagnosisStatus.WARN, detail, "Set STRATA_REDIS__URL to share counters.")
        return Diagnosis("redis", DiagnosisStatus.OK, detail)
    url = secret.get_secret_value()
    try:
        with Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3, retry=Retry(NoBackoff(), 0)) as client:
            version = str(client.info("server")["redis_version"])
    except (RedisError, ValueError) as error:
        return Diagnosis(
            "redis", DiagnosisStatus.FAIL, redact_text(str(error)), "Check STRATA_REDIS__URL and the server."
        )
    if int(version.partition(".")[0]) < _OLDEST_REDIS:
        return Diagnosis("redis", DiagnosisStatus.FAIL, f"Redis {version}", f"Use Redis {_OLDEST_REDIS} or newer.")
    return Diagnosis("redis", DiagnosisStatus.OK, f"Redis {version}")


def _mail(settings: Settings) -> Diagnosis:
    mail = settings[MailSettings]
    if mail.host is None:
        detail = f"stored in {mailbox_folder(settings.home)}; `strata mail` shows it"
        if settings.production:
            return Diagnosis("mail", DiagnosisStatus.WARN, detail, "Set STRATA_MAIL__HOST to send mail.")
        return Diagnosis("mail", DiagnosisStatus.OK, detail)
    try:
        socket.create_connection((mail.host, mail.port), timeout=3).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno is not None and error.errno in errno.errorcode else str(error)
        return Diagnosis(
            "mail", DiagnosisStatus.FAIL, f"{mail.host}:{mail.port}: {reason}", "Check STRATA_MAIL__HOST and __PORT."
        )
    return Diagnosis("mail", DiagnosisStatus.OK, f"{mail.host}:{mail.port} accepts connections")


_CHECKS: Final[tuple[tuple[Callable[[Settings], Iterable[Diagnosis]], set[str]], ...]] = (
    (lambda settings: [_home(settings)], {"home"}),
    (database_diagnoses, {"home", "database"}),
    (lambda settings: [_port(settings)], {"http"}),
    (lambda settings: [_redis(settings)], {"environment", "redis"}),
    (lambda settings: [_mail(settings)], {"environment", "home", "mail"}),
    (lambda settings: [storage_diagnosis(settings)], {"home", "storage"}),
)
"""The checks after that of the settings, each with the fields of the settings that it reads."""
