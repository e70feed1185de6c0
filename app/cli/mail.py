"""``strata mail``: shows the mail in the local mailbox."""

from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.kit.environment import read_settings
from app.cli.kit.output import AsJson, say, show_json
from app.kit.mail.mailbox import ReceivedMail, read_mailbox
from app.kit.mail.mailer import mailbox_folder
from app.settings.mail import MailSettings


def mail(
    as_json: AsJson = False,
    to: Annotated[str | None, typer.Option(help="Only mail to this address.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many.")] = None,
) -> None:
    """Show sent mail, newest first. Without STRATA_MAIL__HOST, mail is written to a folder in STRATA_HOME."""
    settings = read_settings()
    found = read_mailbox(mailbox_folder(settings.home))
    found = [one for one in found if to is None or one.to.lower() == to.lower()][:limit]
    if as_json:
        show_json([{name: asdict(one)[name] for name in ("to", "subject", "text", "links", "token")} for one in found])
        return
    for one in found:
        _show(one)
    if not found:
        advice = (
            f"Mail is sent to {settings[MailSettings].host}."
            if settings[MailSettings].host
            else "Register a user to receive one."
        )
        say(f"No mail in {mailbox_folder(settings.home)}. {advice}")


def _show(one: ReceivedMail) -> None:
    say(f"To:      {one.to}", f"Subject: {one.subject}", f"Date:    {one.sent_at:%Y-%m-%d %H:%M:%S %Z}", "")
    say(*(f"  {line}" for line in one.text.strip().splitlines()), "")
