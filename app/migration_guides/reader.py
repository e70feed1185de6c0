"""Use cases that read personal guides."""

import asyncio
from datetime import date, timedelta
from typing import Final

from app.access.principal import Principal
from app.kit.db.sessions import ReadSession
from app.migration_guides.matching import labels_of, last_of, personal_sections
from app.migration_guides.queries import PersonalGuideQueries
from app.migration_guides.sections import read_sections
from app.migration_guides.views import PersonalGuide, Transition
from app.usage.policy import UsagePermission

PERIOD: Final = timedelta(days=30)


class PersonalGuideReader:
    """Reads the personal guides of users: the mail and the page show the same one."""

    def __init__(self, reads: ReadSession) -> None:
        self._queries = PersonalGuideQueries(reads)

    async def own(self, principal: Principal, transition: Transition, today: date) -> PersonalGuide:
        """The guide of the caller. Raises ``Unauthenticated``, ``InsufficientPermissions``."""
        principal.require(UsagePermission.READ)
        return await self.of_user(principal.signed_in().user_id, transition, today - PERIOD, today)

    async def of_user(self, user_id: int, transition: Transition, since: date, until: date) -> PersonalGuide:
        """The guide of a user, from the usage of these days, both included."""
        usage = await self._queries.usage(user_id, transition.version, since, until)
        sections = await asyncio.to_thread(read_sections, transition.pair)
        used = usage.operations.values()
        return PersonalGuide(
            transition=transition,
            since=since,
            until=until,
            requests=sum(one.requests for one in used),
            last_seen=last_of(one.last_seen for one in used),
            keys=labels_of((consumer for one in used for consumer in one.consumers), usage),
            sections=personal_sections(sections, usage),
        )
