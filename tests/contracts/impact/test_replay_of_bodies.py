"""Random consumers and changes of a schema: each verdict is compared with what the new schema does to their bodies."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from contracts.compat import diff
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.verdict import Verdict
from tests.contracts.compat.documents import body, with_request
from tests.contracts.impact.changes import CLOSED, OPEN, bodies, changes
from tests.contracts.impact.observer import evidence_of

Json = Any
CHANGES_PER_RUN = 150


def verdicts(old: Json, new: Json, consumers: dict[str, list[Json]]) -> dict[str, Verdict]:
    """The verdict about each consumer of an operation that accepts the old schema."""
    documents = [with_request(body(one, required=True)) for one in (old, new)]
    report = diff(*documents, located=True)
    found = analyse(report, evidence_of(consumers, old), "v901")
    return {one.consumer or "": verdict for one, verdict, _ in found.consumers}


@pytest.mark.parametrize("old", [CLOSED, OPEN], ids=["closed", "open"])
@settings(max_examples=CHANGES_PER_RUN, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_verdicts_are_those_of_the_replay(old: Json, data: st.DataObject) -> None:
    change = data.draw(changes(old))
    recorded = data.draw(st.lists(st.lists(bodies(old), min_size=1, max_size=6), min_size=1, max_size=4))
    consumers = {f"c{index}": one for index, one in enumerate(recorded)}
    validator = jsonschema_rs.Draft202012Validator(change.new, validate_formats=True)
    truth = {name: any(not validator.is_valid(one) for one in sent) for name, sent in consumers.items()}
    found = verdicts(old, change.new, consumers)
    event(f"{change.name}: {sorted(set(found.values()))}")
    for name, breaks in truth.items():
        verdict = found[name]
        if breaks:
            assert verdict in ({Verdict.BREAKS} if change.exact else {Verdict.BREAKS, Verdict.MAY_BREAK})
        else:
            assert verdict is not Verdict.BREAKS
            assert verdict is not Verdict.MAY_BREAK or not change.exact
