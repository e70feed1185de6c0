"""The spans of statements and mails, and the attributes that name their servers."""

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import SpanKind
from sqlalchemy import select, text

from app.kit.db.database import Database
from app.kit.db.statements import KeyedRead, Read
from app.kit.db.tracing import database_attributes
from app.kit.mail.mailer import MailboxMailer, SmtpMailer
from app.kit.mail.message import Mail
from app.models import User
from app.settings.database import DatabaseSettings
from app.settings.mail import MailSettings
from observability.tracing.recording import Recording, use_recording
from tests.support.smtp import HOST, Inbox, smtp_server

MAIL = Mail("ada@example.com", "S", "Hello\n", message_id="token.1")
USERS = Read(select(User.id))
BY_ID = KeyedRead(select(User.id), User.id)
NAMED = KeyedRead(select(User.id), User.id, span_name="look up user")


def spans(recording: Recording) -> list[tuple[str, SpanKind, str | None]]:
    return [(child.name, child.kind, child.error) for child in recording.children]


async def test_each_statement_is_one_span(database_dsn: str) -> None:
    recording = Recording("0" * 31 + "1", "0" * 15 + "1", sampled=True)
    database = await Database.open(database_dsn, DatabaseSettings())
    # The first statement of a pool opens a connection, which has a span of its own.
    await database.reads.all(USERS)
    with use_recording(recording):
        await database.reads.all(USERS)
        await database.reads.by_key(BY_ID, 7)
        await database.reads.by_key(NAMED, 7)
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
        with pytest.raises(Exception, match="no_such_table"):
            async with database.write() as session:
                await session.execute(text("SELECT * FROM no_such_table"))
    await database.close()
    found = [span for span in spans(recording) if "connect" not in span[0]]
    assert found == [
        ("SELECT users", SpanKind.CLIENT, None),
        ("SELECT users", SpanKind.CLIENT, None),
        ("look up user", SpanKind.CLIENT, None),
        ("SELECT", SpanKind.CLIENT, None),
        ("COMMIT", SpanKind.CLIENT, None),
        ("SELECT no_such_table", SpanKind.CLIENT, "ProgrammingError"),
    ]
    named = next(child for child in recording.children if child.name == "look up user")
    assert named.attributes["db.query.summary"] == "look up user"


async def test_a_mail_is_one_span(tmp_path: Path) -> None:
    recording = Recording("0" * 31 + "1", "0" * 15 + "1", sampled=True)
    inbox = Inbox()
    async with smtp_server(inbox) as port:
        settings = MailSettings(host=HOST, port=port, timeout=30, security="none")
        with use_recording(recording):
            await SmtpMailer(settings).send(MAIL)
            await MailboxMailer(tmp_path / "mail", "a@example.com").send(MAIL)
    assert spans(recording) == [
        ("smtp send", SpanKind.CLIENT, None),
        ("mailbox deliver", SpanKind.INTERNAL, None),
    ]
    smtp, mailbox = recording.children
    assert smtp.attributes == {"network.protocol.name": "smtp", "server.address": HOST, "server.port": port}
    assert mailbox.attributes == {}


@pytest.mark.parametrize(
    ("dsn", "attributes"),
    [
        ("postgresql://u:p@db:5433/name", {"db.namespace": "name", "server.address": "db", "server.port": 5433}),
        ("postgresql://u:p@db/name", {"db.namespace": "name", "server.address": "db"}),
        ("postgresql://u@/name?host=/run/pg", {"db.namespace": "name", "server.address": "/run/pg"}),
        ("postgresql://u:secret@db", {"server.address": "db"}),
    ],
)
def test_the_attributes_of_a_database_are_not_its_credentials(dsn: str, attributes: dict[str, Any]) -> None:
    assert database_attributes(dsn) == attributes
