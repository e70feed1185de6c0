"""The mails of the feature."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.kit.db.sessions import ReadSession
from app.kit.mail.mailer import Mailer
from app.kit.mail.templating import MailTemplates
from app.migration_guides.queries import PersonalGuideQueries
from app.migration_guides.sections import read_sections
from app.migration_guides.views import PersonalGuide


class GuideMails:
    """Sends personal guides."""

    def __init__(self, reads: ReadSession, mailer: Mailer, base_url: str) -> None:
        self._queries = PersonalGuideQueries(reads)
        self._mailer = mailer
        self._base_url = base_url
        self._templates = MailTemplates(__package__)

    async def send(self, payload: Mapping[str, Any]) -> None:
        """Mail a recorded guide, unless its user was deleted, deactivated or changed the address in the meantime.

        A section that another release has removed from the guide is left out.
        """
        uid = UUID(payload["notice"])
        if (row := await self._queries.notice(uid)) is None:
            return
        guide = PersonalGuide.from_json(row["guide"])
        texts = {one.anchor: one for one in await asyncio.to_thread(read_sections, guide.transition.pair)}
        mail = self._templates.mail(
            "personal_guide",
            row["email"],
            f"version-notice.{uid}",
            guide=guide,
            transition=guide.transition,
            sections=[(texts[one.anchor], one) for one in guide.sections if one.anchor in texts],
            link=f"{self._base_url}/docs/migrate/{guide.transition.pair}",
        )
        await self._mailer.send(mail)
