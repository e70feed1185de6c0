"""The message to a user with consumers that break, or that may break: what changes, what was observed, what to do."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.impact.views import ConsumerImpact, ImpactView, Recipient
from app.kit.wording import count_of
from contracts.compat.impact.analysis import FindingImpact
from contracts.compat.impact.verdict import Outcome, Verdict

MOST_CHANGES: Final = 20
"""The changes that a message lists one by one."""
_Use = tuple[ConsumerImpact, FindingImpact, Outcome]


def subject(view: ImpactView) -> str:
    """The subject of each message."""
    version = view.impact.version
    return f"{version} of our API ends" if view.is_end else f"A change of {version} of our API affects your client"


def message(view: ImpactView, recipient: Recipient) -> list[str]:
    """The lines of the message to one user, about all API keys of the user."""
    version, since = view.impact.version, view.impact.evidence.since
    if recipient.requests:
        sent = count_of(recipient.requests, "request")
        lines = [f"You sent {sent} {_senders(recipient.consumers, version)} since {since}."]
    else:
        lines = [f"You receive events of {version} of our API."]
    if view.is_end:
        when = "soon" if view.ends is None else f"on {view.ends}"
        lines += ["", f"{version} ends {when}: from then on, requests to it get an error, and no events are sent."]
        lines += ["You use:", "", *_ended(_uses(recipient, Verdict.BREAKS))]
        return [*lines, "", "Please change to the next version before that day."]
    broken, open_ones = _uses(recipient, Verdict.BREAKS), _uses(recipient, Verdict.MAY_BREAK)
    if broken:
        lines += ["", "These changes break your client unless you change it:", "", *_items(broken)]
    if open_ones:
        lines += ["", "Please check whether these changes affect your client:", "", *_items(open_ones)]
    return [*lines, "", "Please tell us when you are done, or if you need more time."]


def _senders(consumers: Sequence[ConsumerImpact], version: str) -> str:
    keys = [one.contact.key for one in consumers if one.contact.key is not None]
    if not keys:
        return f"to {version} of our API"
    named = keys[0] if len(keys) == 1 else f"{', '.join(keys[:-1])} and {keys[-1]}"
    others = "" if len(keys) == len(consumers) else " and without a key"
    return f"with the API key{'' if len(keys) == 1 else 's'} {named}{others}"


def _uses(recipient: Recipient, verdict: Verdict) -> list[list[_Use]]:
    """The changes with a verdict. A change that affects several keys is one, with the use of each."""
    found: dict[tuple[str, str, str], list[_Use]] = {}
    for one in recipient.consumers:
        for finding, outcome in one.having(verdict):
            change = (finding.cause.first.message, outcome.operation, outcome.element)
            found.setdefault(change, []).append((one, finding, outcome))
    return list(found.values())


def _items(changes: list[list[_Use]]) -> Iterator[str]:
    for uses in changes[:MOST_CHANGES]:
        _, finding, outcome = uses[0]
        reasons = {use.reason for _, _, use in uses}
        ending = f" Your client {outcome.reason}." if len(reasons) == 1 else ""
        yield f"* {outcome.operation}: {finding.cause.first.message}{ending}"
        if not ending:
            yield from (f"  - {_sender(consumer)} {use.reason}." for consumer, _, use in uses)
    yield from _rest(changes)


def _ended(changes: list[list[_Use]]) -> Iterator[str]:
    """The operations that a user calls, by traffic, and the events that the user receives."""
    called = [(sum(use.requests for _, _, use in uses), uses[0][2]) for uses in changes]
    listed = sorted((pair for pair in called if pair[0]), key=lambda pair: (-pair[0], pair[1].operation))
    yield from (f"* {outcome.operation} ({count_of(count, 'request')})" for count, outcome in listed[:MOST_CHANGES])
    yield from _rest(listed)
    received: dict[str, list[str]] = {}
    for outcome in (outcome for count, outcome in called if not count):
        channel = "webhook" if outcome.operation.startswith("webhook ") else "stream"
        received.setdefault(channel, []).append(outcome.element.partition(":")[2])
    for channel, events in received.items():
        more = len(events) - MOST_CHANGES
        yield f"* events by {channel}: {', '.join(events[:MOST_CHANGES])}{f' and {more} more' if more > 0 else ''}"


def _rest(changes: Sequence[object]) -> Iterator[str]:
    if len(changes) > MOST_CHANGES:
        yield f"* and {len(changes) - MOST_CHANGES} more"


def _sender(consumer: ConsumerImpact) -> str:
    key = consumer.contact.key
    return "Your client without a key" if key is None else f"Your client with the key {key}"
