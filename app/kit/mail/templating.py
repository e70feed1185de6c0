"""The texts of mails: each is a pair of templates in the folder ``templates`` of its feature.

``<name>.txt`` begins with the line ``Subject: ...`` and a blank line. ``<name>.html`` says the same and extends
``layout.html`` of this package. The filters ``minute`` and ``day`` write times in UTC.
"""

from datetime import UTC, datetime
from typing import Any, Final

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined

from app.kit.mail.message import Mail

_FOLDER: Final = "templates"
_SUBJECT: Final = "Subject: "


class MailTemplates:
    """The templates of one feature. Values are escaped in HTML; a name without a value is an error."""

    def __init__(self, feature: str) -> None:
        """``feature`` is the name of its package. Raises ``ValueError`` if it has no templates."""
        loader = ChoiceLoader([PackageLoader(feature, _FOLDER), PackageLoader(__package__, _FOLDER)])
        self._text = _environment(loader, autoescape=False)
        self._html = _environment(loader, autoescape=True)

    def mail(self, name: str, to: str, message_id: str, **values: Any) -> Mail:
        """The mail of a pair of templates. Raises ``jinja2.TemplateError`` if a value or a template is missing."""
        head, _, text = self._text.get_template(f"{name}.txt").render(values).partition("\n\n")
        subject = head.removeprefix(_SUBJECT)
        html = self._html.get_template(f"{name}.html").render(values, subject=subject)
        return Mail(to, subject, text, message_id, html)


def _environment(loader: BaseLoader, *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=autoescape,  # noqa: S701 - escaped in HTML; a text contains its values as they are
        undefined=StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(minute=minute, day=day)
    return environment


def minute(moment: datetime) -> str:
    """A time in UTC, without seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(moment: datetime) -> str:
    """A date in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
