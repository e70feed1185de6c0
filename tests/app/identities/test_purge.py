"""What has expired is deleted, and nothing else."""

from datetime import timedelta

from app.identities.repository import FlowRepository
from app.kit.clock import utc_now
from app.models import IdentityConfirmation, SignInCode, SignInFlow
from tests.support.app import TestApp


async def test_expired_steps_of_sign_ins_are_deleted(test_app: TestApp) -> None:
    user, now = (await test_app.person("ada@example.com")).user, utc_now()
    async with test_app.runtime.database.write() as session:
        for name, expires_at in ((b"valid", now + timedelta(seconds=1)), (b"expired", now)):
            shared = {"digest": name, "expires_at": expires_at}
            session.add(SignInFlow(browser=b"", provider="acme", callback="", purpose="sign_in", **shared))
            session.add(SignInCode(user_id=user.id, code_challenge="", **shared))
            session.add(
                IdentityConfirmation(
                    user_id=user.id, provider="acme", subject=name.decode(), email="a@b.c", network="", **shared
                )
            )
    async with test_app.runtime.database.write() as session:
        assert await FlowRepository(session).purge(now) == 3
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        for table in ("sign_in_flows", "sign_in_codes", "identity_confirmations"):
            assert [row["digest"] for row in await driver.fetch(f"SELECT digest FROM {table}")] == [b"valid"]  # noqa: S608 - constants
        assert await FlowRepository(session).purge(now) == 0
