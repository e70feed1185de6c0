"""Reads the HTML form of mails."""

from html.parser import HTMLParser


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._skipped += tag == "head"

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag == "head"

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.words += data.split()


def words_of(html: str) -> list[str]:
    """The words that a reader sees."""
    reader = _Text()
    reader.feed(html)
    return reader.words
