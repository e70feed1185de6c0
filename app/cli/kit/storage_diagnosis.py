"""The check of ``strata doctor`` of the object store."""

from app.cli.kit.diagnosis import Diagnosis, DiagnosisStatus
from app.files.storing import PREFIX
from app.kit.storage.errors import RulesUnknown
from app.kit.storage.lifecycle import days_until_abort
from app.settings.root import Settings
from app.settings.storage import StorageSettings

_ADVICE = "Add a lifecycle rule that aborts incomplete multipart uploads after 1 day."


def storage_diagnosis(settings: Settings) -> Diagnosis:
    """Whether the bucket removes what killed processes leave; a worker does it in a local folder."""
    given = settings[StorageSettings]
    if given.bucket is None:
        return Diagnosis("storage", DiagnosisStatus.OK, f"folder {given.folder or settings.home / 'files'}")
    try:
        days = days_until_abort(given, f"{PREFIX}/")
    except RulesUnknown as error:
        detail = f"bucket {given.bucket}: unknown whether it removes incomplete uploads ({error})"
        return Diagnosis(
            "storage",
            DiagnosisStatus.WARN,
            detail,
            f"Allow s3:GetLifecycleConfiguration. {_ADVICE}",
        )
    if days is None:
        return Diagnosis(
            "storage", DiagnosisStatus.WARN, f"bucket {given.bucket} keeps incomplete uploads for ever", _ADVICE
        )
    return Diagnosis(
        "storage", DiagnosisStatus.OK, f"bucket {given.bucket} removes incomplete uploads after {days} days"
    )
