"""The lists of survivors, and the score of a package."""

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.mutants.mutate import Mutant
from tests.mutants.pool import Verdict
from tests.mutants.targets import THRESHOLD

SURVIVORS: Final = Path(__file__).with_name("survivors.toml")
KNOWN: Final = Path(__file__).with_name("known.json")
CAUGHT: Final = Path(__file__).with_name("caught.json")
Key = tuple[str, str, str]
Catchers = Mapping[str, Mapping[str, Sequence[str]]]
"""The tests that caught mutants, by module and function."""


def excused(path: Path = SURVIVORS) -> dict[Key, str]:
    """The reason of each mutant that is not a defect."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    return {(entry["module"], entry["function"], entry["change"].strip()): entry["reason"] for entry in entries}


@dataclass(frozen=True)
class Known:
    """What the last recorded run of a package found: the share of its mutants that was judged, and the survivors."""

    share: float
    survivors: frozenset[Key]


def known(path: Path = KNOWN) -> dict[str, Known]:
    """The recorded packages."""
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {
        package: Known(entry["share"], frozenset((m, f, change) for m, f, change in entry["survivors"]))
        for package, entry in content.items()
    }


def record(package: str, found: Known, path: Path = KNOWN) -> None:
    """Replace what is known of a package."""
    content = sorted({**known(path), package: found}.items())
    text = {name: {"share": entry.share, "survivors": sorted(map(list, entry.survivors))} for name, entry in content}
    path.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def catchers(path: Path = CAUGHT) -> Catchers:
    """The tests that caught the mutants of the last recorded run of each package."""
    found: Catchers = json.loads(path.read_text(encoding="utf-8"))
    return found


def record_catchers(modules: Collection[str], verdicts: Sequence[Verdict], path: Path = CAUGHT) -> None:
    """Replace the tests that caught mutants of these modules; the test with the most is first."""
    counted: dict[str, dict[str, Counter[str]]] = {}
    caught = sorted(verdicts, key=lambda each: each.catcher)
    for mutant, test in ((each.mutant, each.catcher) for each in caught if "::" in each.catcher):
        counted.setdefault(mutant.module, {}).setdefault(mutant.function, Counter())[test] += 1
    new = {
        module: {function: [test for test, _ in tests.most_common()] for function, tests in functions.items()}
        for module, functions in counted.items()
    }
    found = {module: functions for module, functions in catchers(path).items() if module not in modules}
    path.write_text(json.dumps(found | new, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Report:
    """The verdicts on the mutants of a package, and what ``survivors.toml`` says of them."""

    package: str
    verdicts: Sequence[Verdict]
    reasons: Mapping[Key, str]

    @property
    def survivors(self) -> list[Mutant]:
        """Mutants that are defects and that no test caught."""
        return [each.mutant for each in self.verdicts if not each.catcher and each.mutant.key not in self.reasons]

    @property
    def stale(self) -> list[Key]:
        """Entries of ``survivors.toml`` whose mutants are caught."""
        survived = {each.mutant.key for each in self.verdicts if not each.catcher}
        return sorted({each.mutant.key for each in self.verdicts} & set(self.reasons) - survived)

    @property
    def score(self) -> float:
        caught = sum(bool(each.catcher) for each in self.verdicts)
        counted = caught + len(self.survivors)
        return 100 * caught / counted if counted else 100.0

    def is_sufficient(self) -> bool:
        return self.score >= THRESHOLD and not self.stale

    def show(self, write: Callable[[str], None]) -> None:
        caught = Counter(each.catcher.partition("::")[0] for each in self.verdicts if each.catcher)
        write("".join(f"\n{count:5}  {catcher}" for catcher, count in caught.most_common(8)))
        accepted = len(self.verdicts) - sum(caught.values()) - len(self.survivors)
        write(
            f"{self.package}: {sum(caught.values())} of {len(self.verdicts) - accepted} caught, {self.score:.1f} %"
            f" (at least {THRESHOLD} %); {accepted} excused"
        )
        for module, function, change in self.stale:
            write(f"survivors.toml lists a mutant that is caught: {module} {function}\n{change}")


def unknown_places(reasons: Mapping[Key, str], mutants: Collection[Mutant]) -> list[Key]:
    """Entries of ``survivors.toml`` for modules of ``mutants`` that are no mutant of them any more."""
    keys = {mutant.key for mutant in mutants}
    modules = {mutant.module for mutant in mutants}
    return sorted(key for key in reasons if key[0] in modules and key not in keys)
