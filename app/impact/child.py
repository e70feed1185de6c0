"""Compares a candidate with a contract and matches the changes with evidence, in a process of its own (ADR 1).

Reads one JSON object from standard input and writes one to standard output. It is started with an empty environment, so
it knows no secret, and by its name: no serving process imports the comparison.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.impact.contacts import Contact
from app.impact.report import report
from app.impact.views import ImpactView
from contracts.compat import NotOpenAPI, diff, load
from contracts.compat.document import Document
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.annotation import choose_version
from contracts.compat.impact.evidence import NotUsage, UsageEvidence
from contracts.compat.loading import parse

_NICE: Final = 5
"""Requests are served first."""


def analyse_candidate(given: Mapping[str, Any]) -> dict[str, Any]:
    """The report, or a reason why there is none."""
    try:
        candidate = parse(given["candidate"])
        Document(candidate)  # what is wrong with it comes before the question of which version it describes
        evidence = UsageEvidence.from_json(given["evidence"])
        version = choose_version(candidate, evidence, given["version"])
        old = load(Path(given["contracts"]) / f"{version}.openapi.json")
        impact = analyse(diff(old, candidate, located=True), evidence, version)
    except NotOpenAPI as error:
        return {"invalid": str(error)}
    except NotUsage as error:
        return {"unknown_version": str(error)}
    except MemoryError:
        return {"invalid": "the comparison needs more memory than it may have"}
    except RecursionError:
        return {"invalid": "nested too deeply"}
    if sum(len(one.consumers) for one in impact.findings) > given["most_outcomes"]:
        return {"too_many": True}
    contacts = {uid: Contact(**contact) for uid, contact in given["contacts"].items()}
    return {"report": report(ImpactView(impact, contacts))}


def main() -> None:
    """Run in a new process."""
    given = json.loads(sys.stdin.buffer.read())
    os.nice(_NICE)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = given["max_memory_bytes"] if most == resource.RLIM_INFINITY else min(most, given["max_memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.stdout.write(json.dumps(analyse_candidate(given)))


if __name__ == "__main__":
    main()
