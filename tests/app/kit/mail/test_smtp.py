"""Every setting of SMTP takes effect: a server that requires it accepts the mail, and one without it receives none."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from pydantic import SecretStr, ValidationError

from app.kit.mail.mailer import MailboxMailer, SmtpMailer, create_mailer
from app.kit.mail.message import Mail
from app.settings.loading import load_settings
from app.settings.mail import MailSettings
from tests.support.smtp import HOST, Inbox, certificate, silent_server, smtp_server

MAIL = Mail("ada@example.com", "Verify your e-mail address", "Hello\n", message_id="token.1")
LOGIN = {"username": "strata", "password": SecretStr("secret")}
PATIENCE = 30


def mailer(port: int, **settings: Any) -> SmtpMailer:
    return SmtpMailer(MailSettings(host=HOST, port=port, timeout=PATIENCE, **settings))


def read(inbox: Inbox) -> EmailMessage:
    (delivery,) = inbox.deliveries
    return message_from_bytes(delivery.envelope.content, policy=policy.default)


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The context of a server whose certificate clients trust."""
    context, public = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    return context


@pytest.fixture
def untrusted(tmp_path: Path) -> ssl.SSLContext:
    return certificate(tmp_path)[0]


async def test_starttls_encrypts_before_the_mail(server_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with smtp_server(inbox, tls_context=server_tls, require_starttls=True) as port:
        await mailer(port, security="starttls").send(MAIL)
    assert [delivery.encrypted for delivery in inbox.deliveries] == [True]


async def test_starttls_is_the_default(server_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with smtp_server(inbox, tls_context=server_tls) as port:
        await mailer(port).send(MAIL)
    assert [delivery.encrypted for delivery in inbox.deliveries] == [True]


async def test_tls_encrypts_from_the_first_byte(server_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with smtp_server(inbox, tls=server_tls) as port:
        await mailer(port, security="tls").send(MAIL)
    assert read(inbox)["To"] == MAIL.to


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_no_mail_is_sent_in_clear_to_a_server_without_encryption(security: str) -> None:
    inbox = Inbox("strata", "secret")
    async with smtp_server(inbox, auth_require_tls=False) as port:
        with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
            await mailer(port, security=security, **LOGIN).send(MAIL)
    assert inbox.deliveries == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_is_not_trusted_is_rejected(untrusted: ssl.SSLContext, security: str) -> None:
    inbox = Inbox()
    options = {"tls": untrusted} if security == "tls" else {"tls_context": untrusted}
    async with smtp_server(inbox, **options) as port:
        with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
            await mailer(port, security=security).send(MAIL)
    assert inbox.deliveries == []


async def test_none_does_not_encrypt_although_the_server_could(untrusted: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with smtp_server(inbox, tls_context=untrusted) as port:
        await mailer(port, security="none").send(MAIL)
    assert [delivery.encrypted for delivery in inbox.deliveries] == [False]


async def test_the_mailer_signs_in_with_user_and_password(server_tls: ssl.SSLContext) -> None:
    inbox = Inbox("strata", "secret")
    async with smtp_server(inbox, tls_context=server_tls, auth_required=True) as port:
        await mailer(port, **LOGIN).send(MAIL)
        assert [delivery.user for delivery in inbox.deliveries] == ["strata"]
        for wrong in ({**LOGIN, "password": SecretStr("other")}, {**LOGIN, "username": "other"}):
            with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
                await mailer(port, **wrong).send(MAIL)
            assert "secret" not in str(caught.value)
        with pytest.raises(aiosmtplib.SMTPException):
            await mailer(port).send(MAIL)
    assert len(inbox.deliveries) == 1


@pytest.mark.parametrize("alone", ["username", "password"])
def test_user_and_password_are_given_together(alone: str) -> None:
    """With a password alone, the mailer would not sign in; with a user alone, it would send an empty password."""
    with pytest.raises(ValidationError, match=r"mail\.username and mail\.password"):
        MailSettings(host=HOST, **{alone: LOGIN[alone]})


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_server_that_does_not_reply_fails_after_the_timeout(security: str) -> None:
    settings = MailSettings(host=HOST, port=1, security=security, timeout=0.2)
    async with silent_server() as port:
        with pytest.raises((aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPConnectError)):
            await asyncio.wait_for(SmtpMailer(settings.model_copy(update={"port": port})).send(MAIL), PATIENCE)


async def test_the_envelope_and_the_header_fields_of_a_mail() -> None:
    inbox = Inbox()
    async with smtp_server(inbox) as port:
        await mailer(port, security="none", sender="Strata <no-reply@strata.example>").send(MAIL)
    (delivery,) = inbox.deliveries
    assert (delivery.envelope.mail_from, delivery.envelope.rcpt_tos) == ("no-reply@strata.example", [MAIL.to])
    message = read(inbox)
    assert (message["From"], message["To"]) == ("Strata <no-reply@strata.example>", MAIL.to)
    assert (message["Subject"], message.get_content()) == (MAIL.subject, "Hello\r\n")
    # RFC 3834: programs that respond to mail, such as vacation notices, must not respond to it.
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<token.1@strata>"
    assert abs(parsedate_to_datetime(message["Date"]) - datetime.now(UTC)) < timedelta(minutes=10)


async def test_every_attempt_has_the_same_message_id() -> None:
    """A mail server can then discard the second copy after a lost reply."""
    inbox = Inbox()
    async with smtp_server(inbox) as port:
        for _ in range(2):
            await mailer(port, security="none").send(MAIL)
        await mailer(port, security="none").send(Mail(MAIL.to, MAIL.subject, MAIL.text, message_id="token.2"))
    sent = [message_from_bytes(delivery.envelope.content)["Message-ID"] for delivery in inbox.deliveries]
    assert sent == ["<token.1@strata>", "<token.1@strata>", "<token.2@strata>"]


def test_a_host_selects_smtp(tmp_path: Path) -> None:
    assert isinstance(create_mailer(load_settings(home=tmp_path)), MailboxMailer)
    assert isinstance(create_mailer(load_settings(home=tmp_path, mail={"host": HOST})), SmtpMailer)
