"""Personal migration guides: mail and page show a user the sections that their requests touch, and no secret."""

import json
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import Result

from app.cli.kit.environment import with_database
from app.cli.kit.output import CommandError
from app.http.runtime import Runtime
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.kit.mail.mailer import SmtpMailer
from app.main import create_app
from app.migration_guides.queries import PersonalGuideQueries
from app.migration_guides.reader import PersonalGuideReader
from app.migration_guides.service import NoticeService
from app.migration_guides.views import Transition
from app.settings.loading import load_settings
from app.settings.mail import MailSettings
from tests.support.app import TestApp
from tests.support.commands import result_of
from tests.support.evidence import write_evidence
from tests.support.mails import words_of
from tests.support.postgres import clone
from tests.support.smtp import HOST, Inbox, smtp_server
from tests.support.transactions import rows
from tests.support.waiting import PATIENCE

MINE = "/docs/migrate/v1-to-v2?mine"
SECRET = "hunter2"
KEY_NAME = "<b>ci</b> & co\nBcc: eve@example.com"
LABEL = '"<b>ci</b> & co Bcc: eve@example.com" (sk_live_'
ADA = [
    *("Base path", "Rate limit headers", "Deprecation and sunset headers"),
    *("Ids are TypeIDs", "Posts have a status"),
    *("Cursor pagination of posts", "Filters and sort order of posts"),
    *("Errors are problem details", "Unknown fields and parameters are rejected"),
]
"""What she uses: lists with a filter three times, a post with an unknown member, and a post that does not exist."""
EVE = ["Posts have attachments", "Bodies of webhooks have the ids and names of v2"]
Run = Callable[..., Result]


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "personal")


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_DATABASE__URL", dsn)
    return result_of


def application(database: Database) -> TestApp:
    runtime = Runtime.build(load_settings(), database)
    return TestApp(create_app(runtime.settings), runtime)


async def use(test_app: TestApp, keys: dict[str, str]) -> None:
    """Send requests with secrets wherever a client can put text."""
    for name in ("ada", "ben", "cleo"):
        async with test_app.client({"X-API-Key": keys[name], "X-Secret": SECRET, "User-Agent": SECRET}) as client:
            for _ in range(3):
                filters = {"search": SECRET, "page": 1, f"{SECRET}-name": SECRET}
                assert (await client.get("/api/v1/posts", params=filters)).status_code == 200
            body = {"title": SECRET, "content": SECRET, "published": True, f"{SECRET}-member": SECRET}
            assert (await client.post("/api/v1/posts", json=body)).status_code == 201
            assert (await client.get("/api/v1/posts/987654321")).status_code == 404
    async with test_app.client({"X-API-Key": keys["dan"]}) as client:
        assert (await client.get("/api/v2/posts")).status_code == 200
    async with test_app.client({"X-API-Key": keys["eve"]}) as client:
        hook = {"url": f"https://example.com/{SECRET}", "events": ["post.updated"]}
        assert (await client.post("/api/v2/webhook-endpoints", json=hook)).status_code == 201
    async with test_app.client() as client:
        assert (await client.get("/api/v1/posts")).status_code == 200
    await write_evidence(test_app.runtime)
    # As created with v1, but without a request to it.
    await rows(test_app, "UPDATE webhook_endpoints SET api_version = 'v1' RETURNING id")
    await rows(test_app, "UPDATE users SET is_active = false WHERE email LIKE 'ben@%' RETURNING id")
    await rows(test_app, "UPDATE users SET is_verified = false WHERE email LIKE 'cleo@%' RETURNING id")
    await test_app.queued_jobs()


async def deliver(test_app: TestApp) -> list[EmailMessage]:
    """Run the queued jobs as the worker does, with a real SMTP server."""
    inbox = Inbox()
    async with smtp_server(inbox) as port:
        mailer = SmtpMailer(MailSettings(host=HOST, port=port, security="none", timeout=PATIENCE))
        test_app.outbox = cast("Any", mailer)
        handlers = test_app.job_handlers()
        for name, params in await test_app.queued_jobs():
            assert SECRET not in json.dumps(dict(params))
            await handlers[name](params)
            await handlers[name](params)
    received = [message_from_bytes(one.envelope.content, policy=policy.default) for one in inbox.deliveries]
    assert len({mail["Message-ID"] for mail in received}) * 2 == len(received), "a repeated job has the same Message-ID"
    return received[::2]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_each_user_who_depends_on_the_version_gets_one_mail_about_what_they_use(run: Run) -> None:
    keys = {}
    for name in ("ada", "ben", "cleo", "dan", "eve"):
        run("users", "create", f"{name}@example.com")
        created = run("keys", "create", f"{name}@example.com", "--name", KEY_NAME, "--json")
        keys[name] = json.loads(created.stdout)["key"]
    with_database(lambda database: use(application(database), keys))

    planned = run("versions", "notify", "v1", "--dry-run").stdout
    assert re.search(r"ada@example\.com +5 +20\d\d-\d\d-\d\d +9: Base path \(5\), ", planned)
    assert re.search(r"eve@example\.com +0 +- +2: ", planned)
    assert "Skipped: ben@example.com, deactivated\nSkipped: cleo@example.com, address not verified\n" in planned
    assert "dan@example.com" not in planned
    assert planned.endswith(
        "1 request without credentials: nobody can be notified.\n2 mails would be sent. Nothing was sent.\n"
    )
    with pytest.raises(CommandError, match=r"Confirmation is required: This sends 2 mails about the end of v1 on 2027"):
        run("versions", "notify", "v1")
    with_database(lambda database: check_nothing_is_sent(application(database)))

    sent = json.loads(run("versions", "notify", "v1", "--yes", "--json").stdout)
    assert [(one["user"], one["requests"], len(one["sections"])) for one in sent["mails"]] == [
        ("ada@example.com", 5, len(ADA)),
        ("eve@example.com", 0, len(EVE)),
    ]
    again = run("versions", "notify", "v1", "--yes").stdout
    assert "Skipped: ada@example.com, notified on 20" in again
    assert "0 mails enqueued." in again
    with_database(lambda database: check_mails_and_page(application(database), keys["ada"]))

    with_database(lambda database: rows(application(database), AGE))
    reminded = json.loads(run("versions", "notify", "v1", "--yes", "--json").stdout)
    assert [one["user"] for one in reminded["mails"]] == ["ada@example.com"], "30 days later, and eve was deactivated"
    audited = json.loads(run("audit", "list", "--action", "version.user_notified", "--json").stdout)
    assert len(audited) == 3


AGE = "UPDATE version_notices SET created_at = created_at - interval '31 days' RETURNING id"


async def check_nothing_is_sent(test_app: TestApp) -> None:
    assert await test_app.queued_jobs() == []
    assert await rows(test_app, "SELECT 1 FROM version_notices") == []


async def check_mails_and_page(test_app: TestApp, key: str) -> None:
    queries, reader = (
        PersonalGuideQueries(test_app.runtime.database.reads),
        PersonalGuideReader(test_app.runtime.database.reads),
    )
    (notice,) = await rows(test_app, "SELECT ends_on FROM version_notices ORDER BY id LIMIT 1")
    today, end = utc_now().date(), Transition("v1", "v2", notice["ends_on"])
    (ada, *_) = await queries.recipients("v1", end.ends_on, today, today)
    guide = await reader.of_user(ada.user_id, end, today, today)
    async with test_app.runtime.database.write() as session:
        assert await NoticeService(session).notify(ada, guide, utc_now()) is False, "two commands at the same time"
    for table in ("version_notices", "jobs", "audit_events"):
        assert SECRET not in str([dict(row) for row in await rows(test_app, f"SELECT * FROM {table}")])  # noqa: S608 - constants
    await rows(test_app, "UPDATE users SET is_active = false WHERE email LIKE 'eve@%' RETURNING id")
    (mail,) = await deliver(test_app)
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"] == "v1 of our API ends on 2027-12-31: what to change in your requests"
    text, html = part(mail, "plain"), part(mail, "html")
    assert re.findall(r"^\d\. (.*)$", text, re.MULTILINE) == ADA
    assert "".join(words_of(html)) == "".join(text.split()), "both parts say the same"
    assert "your account sent 5 requests to v1" in text
    assert LABEL in text
    for sent in ("page", "search"):
        assert f"  GET /posts: 3 (you send {sent})\n" in text
    assert f"/{MINE[1:]}\n" in text
    assert "<b>" not in html
    assert "&lt;b&gt;ci&lt;/b&gt; &amp; co" in html
    async with test_app.client({"X-API-Key": key, "Accept": "text/html"}) as client:
        page = (await client.get(MINE)).text
    toc = page.partition('<ol class="toc">')[2].partition("</ol>")[0]
    assert re.findall(r'<li><a href="#[^"]+">(.*?)</a>: \d requests?</li>', toc) == ADA
    assert re.findall(r'<h2 id="[^"]+">(.*?)</h2>', page) == ADA
    assert "<b>" not in page
    targets, links = set(re.findall(r'id="([^"]+)"', page)), set(re.findall(r'href="#([^"]+)"', page))
    assert links <= targets
    for content in (text, html, mail.as_string(), page):
        assert SECRET not in content
        assert key[12:16] not in content, "no more of a key than its owner sees in lists"


def test_a_version_without_an_end_has_nobody_to_notify(run: Run) -> None:
    with pytest.raises(CommandError, match="v2 is current: it has no sunset to announce"):
        run("versions", "notify", "v2", "--yes")
    with pytest.raises(CommandError, match="There is no version v99"):
        run("versions", "notify", "v99")

    async def retire(database: Database) -> Any:
        return await rows(application(database), "INSERT INTO version_retirements VALUES ('v1', now()) RETURNING 1")

    with_database(retire)
    with pytest.raises(CommandError, match="v1 is retired"):
        run("versions", "notify", "v1", "--yes")
