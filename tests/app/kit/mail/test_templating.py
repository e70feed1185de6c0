"""The templates of mails: both forms of each, what they escape, and what they reject."""

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from pathlib import Path
from uuid import uuid4

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from app.kit.mail.message import Mail, render
from app.kit.mail.templating import MailTemplates, day, minute
from tests.support.mails import words_of

APP = Path(__file__).parents[4] / "app"
BASE = "https://api.example.com"
MOMENT = datetime(2026, 11, 29, 0, 30, tzinfo=timezone(timedelta(hours=2)))


def test_every_text_has_html_with_the_layout_and_every_html_has_a_text() -> None:
    folders = [folder for folder in APP.glob("*/templates") if folder.is_dir()]
    assert len(folders) >= 2
    for folder in folders:
        texts = {path.stem for path in folder.glob("*.txt")}
        assert texts == {path.stem for path in folder.glob("*.html")}
        for name in texts - {"otherwise"}:
            assert (folder / f"{name}.txt").read_text().startswith("Subject: ")
            assert '{% extends "layout.html" %}' in (folder / f"{name}.html").read_text()


def test_both_forms_say_the_same_and_html_escapes_values() -> None:
    provider = '"><a href="https://evil.example">&amp;'
    mail = MailTemplates("app.identities").mail("linked", "a@example.com", "id", provider=provider, base_url=BASE)
    assert (mail.to, mail.message_id, mail.subject) == ("a@example.com", "id", "A new way to sign in was added")
    assert f'with the provider "{provider}".' in mail.text
    assert mail.html is not None
    assert '<a href="https://evil.example"' not in mail.html
    assert f"<title>{mail.subject}</title>" in mail.html
    assert f'<a href="{BASE}/docs">' in mail.html
    assert "".join(words_of(mail.html)) == "".join(mail.text.split())


def test_times_are_in_utc() -> None:
    assert minute(MOMENT) == "2026-11-28 22:30 UTC"
    assert day(MOMENT) == "2026-11-28"
    assert day(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02"


def test_a_password_reset_lists_keys_and_identities_or_says_that_there_are_none() -> None:
    templates = MailTemplates("app.auth")
    keys = [{"hint": "sk_live_ab", "created_at": MOMENT}]
    identities = [
        {"provider": "acme", "email": None, "created_at": MOMENT},
        {"provider": "other", "email": "<b>@example.com", "created_at": MOMENT},
    ]
    full = templates.mail("password_reset", "a@example.com", "id", keys=keys, identities=identities, base_url=BASE)
    assert "\n\n  sk_live_ab...  created 2026-11-28\n\n" in full.text
    assert "\n\n  acme  no address  linked 2026-11-28\n  other  <b>@example.com  linked 2026-11-28\n\nIf" in full.text
    assert full.html is not None
    assert full.html.count("<li>") == 3
    assert "<b>" not in full.html
    assert "".join(words_of(full.html)) == "".join(full.text.split())
    empty = templates.mail("password_reset", "a@example.com", "id", keys=[], identities=[], base_url=BASE)
    assert "There are no valid API keys.\n\nNo identity at a provider can sign in to your account.\n\nIf" in empty.text
    assert empty.html is not None
    assert "<li>" not in empty.html


def test_a_missing_value_template_or_folder_is_an_error() -> None:
    templates = MailTemplates("app.identities")
    with pytest.raises(UndefinedError):
        templates.mail("linked", "a@example.com", "id", base_url=BASE)
    with pytest.raises(TemplateNotFound):
        templates.mail("no_such", "a@example.com", "id")
    with pytest.raises(ValueError, match="templates"):
        MailTemplates("app.posts")


def test_a_mail_with_html_is_an_alternative_of_its_text() -> None:
    identifier = str(uuid4())
    raw = render(Mail("a@example.com", "Hello", "Zażółć\n", identifier, "<p>Zażółć</p>"), "api@example.com").as_bytes()
    message = message_from_bytes(raw, policy=policy.default)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content() for part in message.iter_parts()] == ["Zażółć\n", "<p>Zażółć</p>\n"]
    assert message["Message-ID"] == f"<{identifier}@strata>"
    assert render(Mail("a@example.com", "Hello", "Text\n", identifier), "api@example.com").get_content_type() == (
        "text/plain"
    )
