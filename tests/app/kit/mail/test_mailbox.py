"""The local mailbox returns the sent mails."""

import os
import threading
from pathlib import Path

import pytest

from app.kit.mail.mailbox import read_mailbox
from app.kit.mail.mailer import MailboxMailer, mailbox_folder
from app.kit.mail.message import Mail


def mail(number: int = 1, *, to: str = "ada@example.com", text: str = "Hello\n") -> Mail:
    return Mail(to, f"Subject {number}", text, message_id=f"test.{number}")


@pytest.fixture
def mailer(tmp_path: Path) -> MailboxMailer:
    return MailboxMailer(mailbox_folder(tmp_path), "Strata <no-reply@strata.example>")


async def test_a_mailbox_is_empty_before_the_first_mail(tmp_path: Path) -> None:
    assert read_mailbox(mailbox_folder(tmp_path)) == []


async def test_the_newest_comes_first_within_one_second(tmp_path: Path, mailer: MailboxMailer) -> None:
    for number in range(5):
        await mailer.send(mail(number))
    folder = mailbox_folder(tmp_path)
    # A mail program moves a mail after showing it.
    oldest = min((folder / "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    oldest.rename(folder / "cur" / f"{oldest.name}:2,S")
    assert [one.subject for one in read_mailbox(folder)] == [f"Subject {number}" for number in (4, 3, 2, 1, 0)]


async def test_links_end_before_the_punctuation_of_the_sentence(tmp_path: Path, mailer: MailboxMailer) -> None:
    text = "Read http://127.0.0.1:8000/docs. Or (http://127.0.0.1/verify#token=a-b_c)?\n\nToken: a-b_c\n"
    await mailer.send(mail(text=text))
    (found,) = read_mailbox(mailbox_folder(tmp_path))
    assert found.links == ["http://127.0.0.1:8000/docs", "http://127.0.0.1/verify#token=a-b_c"]
    assert found.token == "a-b_c"
    assert found.text == text


@pytest.mark.parametrize("address", ["жук@example.com", "ada@bücher.example", f"{'a' * 60}@{'b' * 60}.example"])
async def test_every_address_is_read_as_written(tmp_path: Path, mailer: MailboxMailer, address: str) -> None:
    long = "A line that is longer than SMTP likes: " + "word " * 300 + "ü\n"
    await mailer.send(mail(to=address, text=long))
    (found,) = read_mailbox(mailbox_folder(tmp_path))
    assert (found.to, found.text, found.token) == (address, long, None)


async def test_the_mailbox_is_readable_for_its_owner_only(tmp_path: Path, mailer: MailboxMailer) -> None:
    before = os.umask(0)
    try:
        await mailer.send(mail())
    finally:
        os.umask(before)
    assert mailbox_folder(tmp_path).stat().st_mode & 0o077 == 0


async def test_a_home_that_does_not_exist_is_created_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And by another thread: a slow disk delays no other job of the worker."""
    threads: list[int] = []
    deliver = MailboxMailer._deliver

    def recorded(mailer: MailboxMailer, one: Mail) -> None:
        threads.append(threading.get_ident())
        deliver(mailer, one)

    monkeypatch.setattr(MailboxMailer, "_deliver", recorded)
    home = tmp_path / "home"
    before = os.umask(0)
    try:
        await MailboxMailer(mailbox_folder(home), "no-reply@strata.example").send(mail())
    finally:
        os.umask(before)
    assert home.stat().st_mode & 0o777 == 0o700
    assert threads
    assert threading.get_ident() not in threads
    assert len(read_mailbox(mailbox_folder(home))) == 1
