"""Mails that users send."""

from app.kit.mail.mailer import Mailer
from app.kit.mail.templating import MailTemplates
from app.kit.queue.kinds import JobRun


class UserMails:
    """Sends the mails that jobs contain."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._templates = MailTemplates(__package__)

    async def send(self, run: JobRun) -> None:
        """Send a mail. A mail that is sent twice has the same ``Message-ID``, which is that of its job."""
        values = {name: run.params[name] for name in ("subject", "text")}
        await self._mailer.send(self._templates.mail("user_mail", run.params["to"], f"job.{run.uid}", **values))
