"""Output of the impact feature."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.impact.contacts import Contact
from contracts.compat.impact.analysis import FindingImpact, Impact, requests_of
from contracts.compat.impact.evidence import ConsumerEvidence
from contracts.compat.impact.verdict import Outcome, Verdict

AFFECTED: Final = (Verdict.BREAKS, Verdict.MAY_BREAK)
"""The verdicts about consumers whose users get a message."""


@dataclass(frozen=True, slots=True)
class ConsumerImpact:
    """What a change does to one consumer, the worst first."""

    consumer: ConsumerEvidence
    contact: Contact
    verdict: Verdict
    requests: int
    findings: tuple[tuple[FindingImpact, Outcome], ...]

    @property
    def last_seen(self) -> str:
        """The day of the last request, or a hyphen."""
        return self.consumer.last_seen[:10] or "-"

    def having(self, verdict: Verdict) -> list[tuple[FindingImpact, Outcome]]:
        """The findings with a verdict. The same change of several schemas of one element is one."""
        found = {
            (finding.cause.first.message, outcome.operation, outcome.element): (finding, outcome)
            for finding, outcome in reversed(self.findings)
            if outcome.verdict is verdict
        }
        return list(reversed(found.values()))


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user who gets one message, about all affected consumers of that user: sessions and API keys."""

    email: str
    consumers: tuple[ConsumerImpact, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict."""
        return min((one.verdict for one in self.consumers), key=lambda verdict: verdict.rank)

    @property
    def requests(self) -> int:
        """The requests of all these consumers."""
        return sum(one.requests for one in self.consumers)


@dataclass(frozen=True, slots=True)
class ImpactView:
    """The impact of a change, with the contacts of consumers. ``ends``: the whole version ends, on this day if set."""

    impact: Impact
    contacts: Mapping[str | None, Contact]
    is_end: bool = False
    ends: date | None = None

    @property
    def consumers(self) -> list[ConsumerImpact]:
        """The consumers, those that break first. Consumers of one user follow each other."""
        version = self.impact.version
        found: dict[str | None, list[ConsumerImpact]] = {}
        for one, verdict, findings in self.impact.consumers:
            contact = self.contact(one)
            impact = ConsumerImpact(one, contact, verdict, requests_of(one, version), tuple(findings))
            found.setdefault(contact.email or one.consumer, []).append(impact)
        return [one for of_user in found.values() for one in of_user]

    @property
    def recipients(self) -> list[Recipient]:
        """The users with affected consumers, each with all of them, those that break first."""
        found: dict[str, list[ConsumerImpact]] = {}
        for one in self.consumers:
            if one.contact.email is not None and one.verdict in AFFECTED:
                found.setdefault(one.contact.email, []).append(one)
        return [Recipient(email, tuple(consumers)) for email, consumers in found.items()]

    def contact(self, consumer: ConsumerEvidence) -> Contact:
        """The contact of a consumer."""
        return self.contacts.get(consumer.consumer) or Contact.unknown(consumer.consumer)
