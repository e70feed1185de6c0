"""The impact as text for terminals, and as Markdown for pull requests."""

from collections.abc import Iterator

from app.impact.messages import message, subject
from app.impact.views import AFFECTED, ConsumerImpact, ImpactView, Recipient
from app.kit.wording import count_of
from contracts.compat.impact.analysis import FindingImpact
from contracts.compat.impact.verdict import Outcome, Verdict

_MOST_LISTED = 10
_MOST_CONSUMERS = 50


def headline(view: ImpactView) -> str:
    """Who is affected, in one sentence."""
    consumers = view.consumers
    breaking, open_ones = (sum(one.verdict is verdict for one in consumers) for verdict in AFFECTED)
    evidence = view.impact.evidence
    return (
        f"{breaking} of {len(consumers)} consumers of {view.impact.version} "
        f"{'breaks' if breaking == 1 else 'break'}, {open_ones} may break "
        f"(requests from {evidence.since} to {evidence.until})."
    )


def by_consumer(view: ImpactView) -> Iterator[str]:
    """Each affected consumer with the changes, then the numbers of the others."""
    affected = [one for one in view.consumers if one.verdict in AFFECTED]
    for one in affected[:_MOST_CONSUMERS]:
        yield ""
        plan = f", plan {one.contact.plan}" if one.contact.plan else ""
        yield f"{one.verdict.value.upper()}  {one.contact.name}{plan}: {_use(one)}"
        yield from _changes(one)
    if len(affected) > _MOST_CONSUMERS:
        yield ""
        yield f"And {len(affected) - _MOST_CONSUMERS:,} more consumers: --json lists all."
    yield from _rest(view)


def by_finding(view: ImpactView) -> Iterator[str]:
    """Each change with its consumers."""
    for finding in view.impact.findings:
        cause = finding.cause
        yield ""
        yield f"{cause.first.severity.value}  {cause.first.rule}  {cause.first.pointer}"
        yield f"  {_operations(cause.operations)}{cause.first.message}"
        yield f"  {_counts(finding)}"
        affected = [one for one in finding.consumers if one.outcome.verdict in AFFECTED]
        for one in affected[:_MOST_LISTED]:
            yield f"    {one.outcome.verdict.value}  {view.contact(one.consumer).name}: {_reason(one.outcome)}"
        if len(affected) > _MOST_LISTED:
            yield f"    and {len(affected) - _MOST_LISTED} more: --json lists all"


def mails(view: ImpactView) -> Iterator[str]:
    """Whom to contact, and what to write: one message to each user."""
    recipients = view.recipients
    for one in recipients[:_MOST_LISTED]:
        yield ""
        yield f"To: {one.email}"
        yield f"Subject: {subject(view)}"
        yield ""
        yield from (f"  {line}".rstrip() for line in message(view, one))
    if len(recipients) > _MOST_LISTED:
        yield ""
        yield f"And {len(recipients) - _MOST_LISTED} more messages: --json has all."
    unknown = [one for one in view.consumers if one.verdict in AFFECTED and one.contact.email is None]
    if names := ", ".join(one.contact.name for one in unknown[:_MOST_LISTED]):
        yield ""
        yield f"Without an address here: {names}{' and others' if len(unknown) > _MOST_LISTED else ''}."
        if any(one.consumer.consumer is not None for one in unknown):
            yield "`strata usage who HASH` names a consumer of an export, in the deployment that wrote it."


def markdown(view: ImpactView) -> Iterator[str]:
    """Tables for a pull request."""
    yield f"# Impact on consumers of {view.impact.version}"
    yield ""
    yield headline(view)
    for verdict in AFFECTED:
        rows = [one for one in view.consumers if one.verdict is verdict]
        if not rows:
            continue
        yield from ("", f"## {verdict.value.capitalize()}", "")
        yield "| consumer | plan | requests | last seen | what changes | evidence |"
        yield "|---|---|---|---|---|---|"
        for one in rows:
            for finding, outcome in one.having(verdict):
                cells = (
                    one.contact.name,
                    one.contact.plan or "",
                    f"{one.requests:,}",
                    one.last_seen,
                    f"{outcome.operation}: {finding.cause.first.message}",
                    _reason(outcome),
                )
                yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield from _rest(view)
    yield from _contacts(view.recipients)


def _contacts(recipients: list[Recipient]) -> Iterator[str]:
    if not recipients:
        return
    yield from ("", "## Whom to contact", "", "| user | verdict | requests | API keys |", "|---|---|---|---|")
    for one in recipients:
        keys = ", ".join(consumer.contact.key or "without a key" for consumer in one.consumers)
        cells = (one.email, one.verdict.value, f"{one.requests:,}", keys)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _rest(view: ImpactView) -> Iterator[str]:
    safe = [one for one in view.consumers if one.verdict is Verdict.SAFE]
    silent = sum(one.verdict is Verdict.NOT_CALLED for one in view.consumers)
    if safe:
        bound = max(outcome.bound or 0.0 for one in safe for _, outcome in one.findings)
        yield ""
        yield f"SAFE  {count_of(len(safe), 'consumer')}: {_confidence(bound)}."
    if silent:
        yield ""
        yield f"DOES NOT CALL  {count_of(silent, 'consumer')}: no request to what changes."


def _changes(one: ConsumerImpact) -> Iterator[str]:
    shown = [pair for verdict in AFFECTED for pair in one.having(verdict)]
    for finding, outcome in shown[:_MOST_LISTED]:
        yield f"  {outcome.verdict.value}: {outcome.operation}  {outcome.element}".rstrip()
        yield f"    change:   {finding.cause.first.message}"
        yield f"    evidence: {_reason(outcome)}"
    if len(shown) > _MOST_LISTED:
        yield f"  and {len(shown) - _MOST_LISTED} more changes: --json lists all"


def _reason(outcome: Outcome) -> str:
    calls = f" (in {count_of(outcome.requests, 'request')} to what changes)" if outcome.requests else ""
    return f"{outcome.reason}{calls}"


def _counts(finding: FindingImpact) -> str:
    return ", ".join(f"{verdict.value}: {count:,}" for verdict, count in finding.counts.items())


def _operations(operations: list[str]) -> str:
    if not operations:
        return ""
    more = f" (and {len(operations) - 1} more)" if len(operations) > 1 else ""
    return f"{operations[0]}{more}: "


def _use(one: ConsumerImpact) -> str:
    if not one.requests:
        return "receives events"
    last = f", the last on {one.last_seen}" if one.consumer.last_seen else ""
    return f"{count_of(one.requests, 'request')}{last}"


def _confidence(bound: float) -> str:
    if not bound:
        return "none of their requests is affected, and all were observed"
    return f"no observed request is affected; at most {bound:.2%} of those of each are, at a confidence of 95 %"


def _cell(text: str) -> str:
    for mark, escaped in (("|", "\\|"), ("<", "&lt;"), ("\r", " "), ("\n", " ")):
        text = text.replace(mark, escaped)
    return text
