"""Reads the local mailbox."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

_LINK: Final = re.compile(r"https?://[^\s<>]+")
_PUNCTUATION: Final = ".,;:!?)'\""
"""Characters at the end of a link that belong to the sentence."""
_TOKEN: Final = re.compile(r"^Token: (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail in the mailbox, with the links and the single-use token in its text."""

    to: str
    subject: str
    text: str
    links: list[str]
    token: str | None
    sent_at: datetime


def read_mailbox(folder: Path) -> list[ReceivedMail]:
    """Every mail, newest first; an empty list if the mailbox does not exist yet."""
    if not folder.is_dir():
        return []
    # The date header has a precision of seconds; the time of the file orders mails of the same second.
    found = [(path.stat().st_mtime_ns, path) for name in ("new", "cur") for path in folder.glob(f"{name}/*")]
    return [_read(path.read_bytes()) for _, path in sorted(found, reverse=True)]


def _read(raw: bytes) -> ReceivedMail:
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    token = _TOKEN.search(text)
    return ReceivedMail(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=text,
        links=[link.rstrip(_PUNCTUATION) for link in _LINK.findall(text)],
        token=token.group(1) if token else None,
        sent_at=parsedate_to_datetime(str(message["Date"])),
    )
