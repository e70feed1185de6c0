"""What a check of the installation found."""

from dataclasses import dataclass
from enum import StrEnum


class DiagnosisStatus(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One row of the report; its fields are the keys of the JSON output."""

    check: str
    verdict: DiagnosisStatus
    detail: str
    advice: str = ""
