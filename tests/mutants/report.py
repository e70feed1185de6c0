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
Key = tuple[str, str, str]


def excused(path: Path = SURVIVORS) -> dict[Key, str]:
    """The reason of each mutant that is not a defect."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    return {(entry["module"], entry["function"], entry["change"].strip()): entry["reason"] for entry in entries}


def known(path: Path = KNOWN) -> dict[str, set[Key]]:
    """The survivors of each package that the last full run found; a package that was not judged yet is absent."""
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {package: {(m, f, c) for m, f, c in entries} for package, entries in content.items()}


def record(package: str, survivors: Collection[Key], path: Path = KNOWN) -> None:
    """Replace the known survivors of a package."""
    content = {**known(path), package: set(survivors)}
    text = {name: sorted(map(list, keys)) for name, keys in sorted(content.items())}
    path.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


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
