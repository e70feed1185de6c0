"""Each form of one impact as a whole: what terminals, pull requests, scripts and clients of the API get."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.impact.contacts import Contact
from app.impact.report import report
from app.impact.texts import by_consumer, by_finding, mails, markdown
from app.impact.views import ImpactView
from contracts.compat import diff
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Summary, UsageEvidence
from tests.contracts.compat.documents import parameter, with_parameters

EXPECTED = Path(__file__).with_name("expected")


def evidence(consumer: str | None, requests: int, last_seen: str, *present: int, of: int = 9) -> ConsumerEvidence:
    """What a consumer sent of two parameters in so many observed requests."""
    elements = {
        f"query:p{number}": Summary(possible=of, possible_random=of, present=count)
        for number, count in enumerate(present)
    }
    observed = of if present else 0
    used = OperationEvidence("v901", "GET /things", requests, last_seen, observed, observed, elements)
    return ConsumerEvidence(consumer, (used,))


CONSUMERS = (
    evidence("k1", 1200, "2026-11-28T10:00:00Z", 0, 9),
    evidence("k2", 1, "2026-11-01T10:00:00Z", 9, 4),
    evidence("u2", 9, "2026-11-02T10:00:00Z", 0, 9),
    evidence(None, 3, "2026-11-03T10:00:00Z", 0, 0),
    evidence("u3", 40, "", 40, 40, of=40),
    evidence("unobserved", 5, "2026-11-04T10:00:00Z"),
    ConsumerEvidence("u4", (OperationEvidence("v901", "GET /other", 7, "2026-11-05T10:00:00Z", 7, 7, {}),)),
)
CONTACTS = {
    "k1": Contact("Ada, ci", "ada@example.com", '"ci" (sk_live_a...)', "pro", "key_1"),
    "k2": Contact("Ada, web", "ada@example.com", '"web" (sk_live_b...)', "pro", "key_2"),
    "u2": Contact("Ben | <b>", "ben@example.com", id="usr_2"),
    "u3": Contact("sky@example.com", "sky@example.com", None, "free", "usr_3"),
    "u4": Contact("dan@example.com", "dan@example.com"),
}


@pytest.fixture(scope="module")
def view() -> ImpactView:
    """Two parameters become required: two users and anonymous callers break, one consumer was not observed."""
    old = with_parameters(parameter("p0"), parameter("p1"))
    new = with_parameters(parameter("p0", required=True), parameter("p1", required=True))
    used = UsageEvidence("2026-10-30", "2026-11-29", CONSUMERS)
    return ImpactView(analyse(diff(old, new, located=True), used, "v901"), CONTACTS)


@pytest.mark.parametrize("form", [by_consumer, by_finding, mails, markdown], ids=lambda form: form.__name__)
def test_the_text_is_complete(view: ImpactView, form: Callable[[ImpactView], Any]) -> None:
    expected = (EXPECTED / f"{form.__name__}.txt").read_text(encoding="utf-8")
    assert "".join(f"{line}\n" for line in form(view)) == expected


def test_the_json_is_complete(view: ImpactView) -> None:
    assert report(view) == orjson.loads((EXPECTED / "report.json").read_bytes())
