"""Who is notified of the end of a version, how often, and of what."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.access.principal import Principal
from app.errors import InsufficientPermissions
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.kit.queue.kinds import JobKind
from app.migration_guides.job_names import SEND_GUIDE
from app.migration_guides.queries import PersonalGuideQueries
from app.migration_guides.reader import PersonalGuideReader
from app.migration_guides.sections import read_sections
from app.migration_guides.service import NoticeService, reason_to_skip
from app.migration_guides.views import PersonalGuide, PersonalSection, Recipient, Transition
from app.settings.http import HttpSettings
from app.usage.policy import UsagePermission
from tests.support.app import Person, TestApp
from tests.support.registries import DEPRECATED
from tests.support.transactions import overlap, rows

DAY = timedelta(days=1)
NOW = utc_now()
END = Transition("v901", "v902", date(2027, 12, 31))
needs_guide = pytest.mark.skipif(not DEPRECATED, reason="no version ends")


def guide(transition: Transition = END, *sections: PersonalSection) -> PersonalGuide:
    return PersonalGuide(transition, NOW.date() - DAY, NOW.date(), 4, NOW, ("the key",), sections)


def recipient(person: Person, **changes: Any) -> Recipient:
    user = person.user
    facts = {"is_active": True, "is_verified": True, "requests": 4, "last_seen": NOW, "notified_at": None}
    return Recipient(user.id, user.uid, user.email, **(facts | changes))


def served() -> Transition:
    """That of the guide which the server has."""
    version, _, successor = str(DEPRECATED[0].migration_guide).rpartition("/")[2].partition("-to-")
    return Transition(version, successor, END.ends_on)


async def notify(
    test_app: TestApp, person: Person, transition: Transition = END, days_later: float = 0, *sections: PersonalSection
) -> bool:
    async with test_app.runtime.database.write() as session:
        now = NOW + days_later * DAY
        return await NoticeService(session).notify(recipient(person), guide(transition, *sections), now)


async def test_a_user_gets_one_mail_in_30_days_about_each_end(test_app: TestApp) -> None:
    ada, ben = [await test_app.person(f"{name}@example.com") for name in ("ada", "ben")]
    assert await notify(test_app, ada)
    assert not await notify(test_app, ada, days_later=29.9)
    assert await notify(test_app, ben), "another user"
    assert await notify(test_app, ada, Transition("v900", "v902", END.ends_on)), "another version"
    assert await notify(test_app, ada, Transition("v901", "v902", END.ends_on + DAY)), "another day"
    assert await notify(test_app, ada, days_later=30.1)
    queued = await test_app.queued_jobs()
    notices = await rows(test_app, "SELECT uid, user_id, api_version, ends_on FROM version_notices ORDER BY id")
    assert [params["notice"] for _, params in queued] == [str(notice["uid"]) for notice in notices]
    assert [(one["user_id"], one["api_version"], one["ends_on"]) for one in notices] == [
        (ada.user.id, "v901", END.ends_on),
        (ben.user.id, "v901", END.ends_on),
        (ada.user.id, "v900", END.ends_on),
        (ada.user.id, "v901", END.ends_on + DAY),
        (ada.user.id, "v901", END.ends_on),
    ]
    audited = await rows(test_app, "SELECT action, target FROM audit_events ORDER BY at, uid")
    assert [tuple(row) for row in audited] == [
        ("version.user_notified", f"version:{version}") for version in ("v901", "v901", "v900", "v901", "v901")
    ]


async def test_two_commands_at_once_send_one_mail(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")

    async def once(session: WriteSession) -> bool:
        return await NoticeService(session).notify(recipient(ada), guide(), NOW)

    assert await overlap(concurrent_app, once, once) == [True, False]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"is_active": False}, "deactivated"),
        ({"is_verified": False}, "address not verified"),
        ({"notified_at": NOW - 29 * DAY}, f"notified on {NOW - 29 * DAY:%F}"),
        ({"notified_at": NOW - 31 * DAY}, None),
    ],
)
async def test_why_a_user_is_skipped(test_app: TestApp, changes: dict[str, Any], reason: str | None) -> None:
    assert reason_to_skip(recipient(await test_app.person("ada@example.com"), **changes), NOW) == reason


async def test_recipients_show_the_last_notice_of_the_same_end(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    endpoint = (
        "INSERT INTO webhook_endpoints (uid, owner_id, owner_uid, url, events, api_version, created_at, state,"
        " disabled_reason) VALUES (gen_random_uuid(), $1, $2, 'https://example.com', $3, 'v901', now(), $4, $5)"
        " RETURNING id"
    )
    for person, events, state, why in (
        (ada, ["post.created"], "active", None),
        (ada, ["user.created"], "disabled", "owner"),
        (await test_app.person("ben@example.com"), [], "disabled", "owner"),
    ):
        await rows(test_app, endpoint, person.user.id, person.user.uid, events, state, why)
    for ends_on, days in ((END.ends_on, 40), (END.ends_on, 5), (END.ends_on + DAY, 1)):
        assert await notify(test_app, ada, Transition("v901", "v902", ends_on), days_later=-days)
    queries, today = PersonalGuideQueries(test_app.runtime.database.reads), NOW.date()
    (found,) = await queries.recipients("v901", END.ends_on, today, today)
    assert (found.email, found.requests, found.notified_at) == ("ada@example.com", 0, NOW - 5 * DAY)
    usage = await queries.usage(ada.user.id, "v901", today, today)
    assert usage.webhooks == [["post.created"]], "a disabled endpoint receives nothing"


@pytest.mark.parametrize("unreachable", ["is_active = false", "is_verified = false"])
async def test_a_notice_has_an_address_while_its_user_may_be_written_to(test_app: TestApp, unreachable: str) -> None:
    ada = await test_app.person("ada@example.com")
    assert await notify(test_app, ada)
    (notice,) = await rows(test_app, "SELECT uid FROM version_notices")
    queries = PersonalGuideQueries(test_app.runtime.database.reads)
    found = await queries.notice(notice["uid"])
    assert found is not None
    assert found["email"] == "ada@example.com"
    await rows(test_app, f"UPDATE users SET {unreachable} RETURNING id")  # noqa: S608 - constants
    assert await queries.notice(notice["uid"]) is None


@needs_guide
async def test_a_mail_leaves_out_what_the_guide_no_longer_contains(test_app: TestApp) -> None:
    transition = served()
    known, gone = read_sections(transition.pair)[0].anchor, "removed-since"
    sections = [PersonalSection(anchor, 4, NOW, (), (), ("the key",)) for anchor in (gone, known)]
    await notify(test_app, await test_app.person("ada@example.com"), transition, 0, *sections)
    (notice,) = await rows(test_app, "SELECT uid FROM version_notices")
    (mail,) = await test_app.deliver()
    assert (mail.to, mail.message_id) == ("ada@example.com", f"version-notice.{notice['uid']}")
    assert gone not in mail.text
    base_url = test_app.runtime.settings[HttpSettings].base_url
    assert f"{base_url}/docs/migrate/{transition.pair}?mine" in mail.text
    assert ("\n1. " in mail.text, "\n2. " in mail.text) == (True, False)


def test_other_jobs_come_before_notices() -> None:
    assert SEND_GUIDE.priority < JobKind("any").priority


@needs_guide
async def test_the_page_needs_the_permission_and_reads_30_days(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    reader, today = PersonalGuideReader(test_app.runtime.database.reads), NOW.date()
    forbidden, allowed = (
        Principal(ada.user.id, ada.user.uid, (), scopes) for scopes in (frozenset(), frozenset({UsagePermission.READ}))
    )
    with pytest.raises(InsufficientPermissions):
        await reader.own(forbidden, served(), today)
    found = await reader.own(allowed, served(), today)
    assert (found.since, found.until, found.requests) == (today - 30 * DAY, today, 0)
