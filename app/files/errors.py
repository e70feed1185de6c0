"""Errors of the feature."""

from app.errors import Conflict, DomainError, ErrorKind, FieldError, Forbidden, InvalidValue, NotFound


class FileNotFound(NotFound):
    """The file does not exist, is not ready, or is not the caller's."""

    code = "file_not_found"
    detail = "File not found"


class NotTheOwner(Forbidden):
    code = "not_the_owner"
    detail = "Only the owner of a file may delete it."


class StorageLimitReached(Conflict):
    code = "storage_limit_reached"
    detail = "Your files would take more bytes than your plan allows. Delete some of them first."


class FileTooLarge(DomainError):
    code = "file_too_large"
    kind = ErrorKind.TOO_LARGE
    detail = "The file is larger than this operation accepts."

    def __init__(self, limit: int) -> None:
        super().__init__(f"The file is larger than {limit:,} bytes.")


class InvalidFileName(InvalidValue):
    code = "invalid_file_name"
    detail = "The name of the file is empty or longer than 255 bytes."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("filename",), self.code, self.detail)])


class FileTypeNotAllowed(DomainError):
    code = "file_type_not_allowed"
    kind = ErrorKind.UNSUPPORTED_MEDIA_TYPE
    detail = "Files of this type are not accepted."

    def __init__(self, name: str, accepted: str) -> None:
        super().__init__(f"The file '{name}' has no accepted extension. Accepted are {accepted}.")


class ContentMismatch(DomainError):
    code = "content_mismatch"
    kind = ErrorKind.UNSUPPORTED_MEDIA_TYPE
    detail = "Name, declared type and content of the file do not agree."

    def __init__(self, extension: str, declared: str, content: str) -> None:
        super().__init__(
            f"Name, declared type and content of the file do not agree: the extension is {extension}, the declared "
            f"type is {declared or 'missing'}, and the content is {content}."
        )


class UnsafeContent(InvalidValue):
    code = "unsafe_content"
    detail = "The document contains what this service does not store."


class UploadUnfinished(Conflict):
    """Another request uploads a file under the same idempotency key now."""

    code = "upload_unfinished"
    detail = "A file with this Idempotency-Key is being uploaded. Try again."

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class PresignedUnavailable(DomainError):
    code = "presigned_unavailable"
    kind = ErrorKind.NOT_SUPPORTED
    detail = "This server stores files in a folder, which has no URLs. Upload and download through the API."


class TooManyPendingUploads(Conflict):
    code = "too_many_pending_uploads"
    detail = "You have as many pending uploads as a user can have. Complete them, or wait: each ends after two hours."


class ContentNotUploaded(Conflict):
    code = "content_not_uploaded"
    detail = "The content is not there yet. Send it to the URL of the upload first."


class CompletionInProgress(Conflict):
    """Another request checks the content now."""

    code = "completion_in_progress"
    detail = "Another request completes this upload. Try again."

    def __init__(self) -> None:
        super().__init__(retry_after=1)
