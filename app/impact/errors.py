"""Errors of the feature."""

from app.errors import FieldError, InvalidValue


class InvalidContract(InvalidValue):
    """The detail is that of the gate: a line that names the cause."""

    code = "invalid_contract"
    detail = "The body must be an OpenAPI 3 document that refers to no other file."

    def __init__(self, reason: str) -> None:
        super().__init__(f"The document cannot be compared: {reason}")


class UnknownContractVersion(InvalidValue):
    code = "unknown_contract_version"
    detail = "No served version has this name, or the servers of the document."

    def __init__(self, reason: str) -> None:
        super().__init__(fields=[FieldError(("version",), self.code, reason, "query")])


class InvalidEvidencePeriod(InvalidValue):
    code = "invalid_evidence_period"
    detail = "The period must not begin after today."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("since",), self.code, self.detail, "query")])


class AnalysisTooLarge(Exception):
    """The analysis takes more than its bounds allow."""
