"""Our writer produces the same bytes as prometheus_client's encoders."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from observability.metrics.exposition import Exposition
from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.layout import Exemplar, Family
from observability.metrics.multiprocess.snapshot import Merged
from observability.metrics.registry import Registry

NAMES = st.sampled_from(["requests", "http_seconds", "depth", "zz"])
LABEL_NAMES = st.sets(st.sampled_from(["api_version", "k", "k1", "le_", "l", "method", "status", "zone"]), max_size=3)
NUMBERS = st.one_of(
    st.integers(0, 10**18).map(float),
    # Sums begin at zero, and zero plus negative zero is positive zero.
    st.floats(allow_nan=True, allow_infinity=True).map(lambda value: 0.0 + value),
    st.sampled_from([0.0, 1e6, 5e-324]),
)
COUNTS = st.integers(0, 10**12).map(float)
EXEMPLARS = st.builds(
    lambda value, time, trace, span: Exemplar(value, time, trace.hex(), span.hex()),
    st.floats(0, 1e9),
    st.floats(0, 2e9),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=8, max_size=8),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)


@st.composite
def merged(draw: st.DrawFn) -> Merged:
    whole = Merged()
    for name in draw(st.sets(NAMES)):
        kind = draw(st.sampled_from(["counter", "gauge", "histogram", "summary"]))
        names = tuple(draw(LABEL_NAMES))
        bounds = (0.005, 0.5, 1e7) if kind == "histogram" else ()
        family = Family(name, kind, draw(TEXTS), names, bounds=bounds)
        for labels in draw(st.sets(st.tuples(*[TEXTS] * len(names)), min_size=1, max_size=3)):
            values = draw(st.lists(COUNTS, min_size=family.values, max_size=family.values))
            if kind in {"gauge", "counter"}:
                values = [draw(NUMBERS)]
            exemplars = draw(st.dictionaries(st.integers(0, len(bounds)), EXEMPLARS)) if bounds else {}
            whole.add(family, labels, values, exemplars)
    return whole


class Series:
    """A source of these series."""

    def __init__(self, merged: Merged) -> None:
        self._merged = merged

    def merged(self) -> Merged:
        return self._merged


@given(merged())
def test_output_equals_that_of_the_library(whole: Merged) -> None:
    registry = Registry(Series(whole))
    assert registry.text() == generate_latest(registry)
    assert registry.openmetrics() == generate_openmetrics(registry)


def test_other_formats_use_the_library() -> None:
    exposition = Exposition(Metrics().registry)
    assert exposition._fast_writer("text/plain; version=0.0.4; charset=utf-8") is not None
    assert exposition._fast_writer("text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8") is not None
    assert exposition._fast_writer("application/openmetrics-text; version=1.0.0; charset=utf-8") is not None
    assert exposition._fast_writer("application/openmetrics-text; version=2.0.0; charset=utf-8") is None
    assert exposition._fast_writer("text/plain; version=1.0.0; charset=utf-8; escaping=dots") is None
    assert exposition._fast_writer("text/plain; version=1.0.0; charset=utf-8; escaping=values") is None
