"""Sends mail over SMTP or to a local mailbox."""

import asyncio
import mailbox
from pathlib import Path
from typing import Protocol

import aiosmtplib
from opentelemetry.trace import SpanKind

from app.kit.mail.message import Mail, render
from app.settings.mail import MailSettings
from app.settings.root import Settings
from observability.tracing.recording import Attributes, client_span


class Mailer(Protocol):
    """Sends one mail or raises; the job that calls it retries."""

    async def send(self, mail: Mail) -> None: ...


class SmtpMailer:
    """Sends mail to an SMTP server."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._span: Attributes = {
            "network.protocol.name": "smtp",
            "server.address": settings.host or "",
            "server.port": settings.port,
        }

    async def send(self, mail: Mail) -> None:
        """Raises ``aiosmtplib.SMTPException`` if the server rejects the mail or is unreachable."""
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else None
        with client_span("smtp send", self._span):
            await aiosmtplib.send(
                render(mail, settings.sender),
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=password,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                timeout=settings.timeout,
            )


class MailboxMailer:
    """Stores mail in a Maildir, which ``strata mail`` shows."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Raises ``OSError`` if the folder is not writable."""
        with client_span("mailbox deliver", {}, kind=SpanKind.INTERNAL):
            await asyncio.to_thread(self._deliver, mail)

    def _deliver(self, mail: Mail) -> None:
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mailbox.Maildir(self._folder, create=True).add(render(mail, self._sender).as_bytes())


def mailbox_folder(home: Path) -> Path:
    """The folder of the local mailbox."""
    return home / "mail"


def create_mailer(settings: Settings) -> Mailer:
    """The mailer that the settings select."""
    if settings[MailSettings].host is not None:
        return SmtpMailer(settings[MailSettings])
    return MailboxMailer(mailbox_folder(settings.home), settings[MailSettings].sender)
