"""Notifications: what one version sends, the other stores alike."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import ok
from tests.laws.v1_v2.harness import VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import VERSIONS

_MESSAGES: Final = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
) | st.sampled_from(["x" * 1000, "x" * 1001, ""])


@law(steps=st.lists(st.tuples(VERSIONS, _MESSAGES), min_size=1, max_size=3))
def the_same_message_means_the_same(harness: VersionsHarness, steps: Sequence[tuple[str, str]]) -> None:
    """Both versions accept the same messages, and the recipient reads them in one list."""
    old = f"/ws/send-notification/{harness.ada.number}"
    new = f"/users/{harness.ada.name}/notifications"
    expected = []
    for version, message in steps:
        responses = []
        for sending in ("v1", "v2"):
            with harness.rolled_back():
                responses.append(
                    harness.admin.v1.post(old, params={"message": message})
                    if sending == "v1"
                    else harness.admin.v2.post(new, {"message": message})
                )
        if not responses[0].is_success:
            # The message is a parameter in v1 and a member of the body in v2, so the errors name different places.
            assert [response.status_code for response in responses] == [422, 422]
            continue
        assert responses[1].is_success, responses[1].text
        if version == "v1":
            ok(harness.admin.v1.post(old, params={"message": message}))
        else:
            ok(harness.admin.v2.post(new, {"message": message}))
        expected.append(message)
    listed = ok(harness.ada.v2.get("/notifications")).json()["data"]
    assert [each["message"] for each in reversed(listed)] == expected
    assert {each["read_at"] for each in listed} <= {None}
