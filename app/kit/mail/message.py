"""A mail, before anyone knows how it will travel."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, localtime


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text mail. ``message_id`` is the same on every attempt, so that a mail sent twice can be told."""

    to: str
    subject: str
    text: str
    message_id: str


def render(mail: Mail, sender: str) -> EmailMessage:
    """The mail in RFC 5322 form."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{mail.message_id}@strata>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
