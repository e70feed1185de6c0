"""The parts of a ``traceparent`` header, and what is written."""

import pytest

from observability.requests.trace_context import Parent, format_traceparent, new_ids, new_span_id, parse_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("fe", False), ("ff", True)]
)
def test_the_last_bit_of_the_flags_is_the_decision_of_the_caller(flags: str, sampled: object) -> None:
    for version, extension in (("00", ""), ("01", ""), ("01", "-more")):
        header = f"{version}-{TRACE}-{SPAN}-{flags}{extension}"
        assert parse_traceparent(header.encode()) == Parent(TRACE, SPAN, bool(sampled))


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f" 00-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01more",
        f"01-{TRACE}-{SPAN}-01-more\r\n",
        "",
    ],
)
def test_an_invalid_header_names_no_parent(header: str) -> None:
    assert parse_traceparent(header.encode()) is None


def test_what_is_written_is_read() -> None:
    trace, span = new_ids()
    assert (len(trace), len(span), len(new_span_id())) == (32, 16, 16)
    assert format_traceparent(TRACE, SPAN, sampled=True) == f"00-{TRACE}-{SPAN}-01"
    for sampled in (True, False):
        written = format_traceparent(trace, span, sampled=sampled)
        assert parse_traceparent(written.encode()) == Parent(trace, span, sampled)
