"""A mail, independent of its transport."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, localtime


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as text and, optionally, as HTML.

    ``message_id`` is the same for every attempt, so that duplicates can be detected.
    """

    to: str
    subject: str
    text: str
    message_id: str
    html: str | None = None


def render(mail: Mail, sender: str) -> EmailMessage:
    """The mail in the format of RFC 5322."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{mail.message_id}@strata>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message
