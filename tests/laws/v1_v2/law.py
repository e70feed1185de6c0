"""A law: a property of both versions for all generated values. Suite, seeded bugs and mutants run the same laws."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from tests.laws.v1_v2.harness import VersionsHarness

Body = Callable[..., None]


@dataclass(frozen=True)
class Law:
    """``share`` of the profile's examples is run: lower for laws whose examples hash passwords."""

    name: str
    body: Body
    strategies: Mapping[str, SearchStrategy[Any]]
    share: float

    def check(self, harness: VersionsHarness, profile: settings | None = None) -> None:
        """Raise ``AssertionError`` for the first example that breaks the law; each starts from the same state."""
        if not self.strategies:
            with harness.rolled_back():
                self.body(harness)
            return
        profile = profile or settings.default

        def examine(**values: Any) -> None:
            with harness.rolled_back():
                self.body(harness, **values)

        # Hypothesis seeds and remembers its examples by the name.
        examine.__name__ = examine.__qualname__ = self.name.replace(".", "_")
        examples = max(1, round(profile.max_examples * self.share))
        settings(profile, max_examples=examples)(given(**self.strategies)(examine))()


def law(share: float = 1, **strategies: SearchStrategy[Any]) -> Callable[[Body], Law]:
    """Decorate a function as a law over these strategies."""

    def declare(body: Body) -> Law:
        return Law(f"{body.__module__.rpartition('.')[2]}.{body.__name__}", body, strategies, share)

    return declare


def fixed(body: Body) -> Law:
    """Decorate a function as a law without generated values, which is checked once."""
    return law()(body)


def first_failure_only(examples: int) -> settings:
    """Stop at the first broken example, without shrinking, and always use the same examples."""
    return settings(
        deadline=None,
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
