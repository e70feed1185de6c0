"""The mails that users send."""

import httpx2
from sqlalchemy import select

from app.access.principal import Role
from app.models import Job
from tests.support.app import Person, TestApp

MAIL = {"subject": "Done <b>", "text": "Rows: 12 < 13\nand a second line"}


async def request_mail(test_app: TestApp, person: Person, **params: str) -> httpx2.Response:
    async with test_app.client(person.headers) as client:
        return await client.post("/api/v2/jobs", json={"type": "email", "params": {**MAIL, **params}})


async def test_a_mail_goes_to_the_address_of_the_caller(test_app: TestApp) -> None:
    response = await request_mail(test_app, await test_app.person("ada@example.com"))
    assert response.status_code == 202
    (mail,) = await test_app.deliver()
    assert (mail.to, mail.subject) == ("ada@example.com", MAIL["subject"])
    assert mail.text == f"{MAIL['text']}\n"
    assert mail.html is not None
    assert "Rows: 12 &lt; 13\nand a second line" in mail.html
    assert "<b>" not in mail.html


async def test_a_mail_goes_to_the_address_as_its_owner_writes_it(test_app: TestApp) -> None:
    """The part before the @ may be case-sensitive."""
    await request_mail(test_app, await test_app.person("Ada.L@example.com"))
    assert [mail.to for mail in await test_app.deliver()] == ["Ada.L@example.com"]


async def test_a_job_has_the_id_of_its_request_and_its_owner(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    response = await request_mail(test_app, ada)
    async with test_app.runtime.database.write() as session:
        (job,) = (await session.scalars(select(Job))).all()
    assert (job.request_id, job.owner_id) == (response.headers["X-Request-ID"], ada.user.id)


async def test_an_address_is_the_own_one_in_each_spelling(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    assert (await request_mail(test_app, ada, to="Ada@EXAMPLE.com")).status_code == 202
    (mail,) = await test_app.deliver()
    assert mail.to == "Ada@example.com"


async def test_strangers_receive_mail_of_those_who_may_send_it(test_app: TestApp) -> None:
    ada, root = await test_app.person("ada@example.com"), await test_app.person("root@example.com", Role.ADMIN)
    rejected = await request_mail(test_app, ada, to="eve@example.com")
    assert (rejected.status_code, rejected.json()["code"]) == (403, "recipient_not_allowed")
    assert rejected.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="mail:send"'
    assert (await request_mail(test_app, root, to="eve@example.com")).status_code == 202
    assert [mail.to for mail in await test_app.deliver()] == ["eve@example.com"]


async def test_an_address_that_is_not_verified_receives_no_mail(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com", verified=False)
    assert (await request_mail(test_app, ada)).json()["code"] == "recipient_not_allowed"
    assert await test_app.deliver() == []


async def test_a_subject_is_one_line(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    for subject in ("Done\nBcc: eve@example.com", "Done\r", "Done\u2028", ""):
        response = await request_mail(test_app, ada, subject=subject)
        assert response.status_code == 422, subject
        assert response.json()["errors"][0]["pointer"] == "#/params/subject"
    assert await test_app.deliver() == []
