"""Requests of the examples: parsed from HTTP, formatted as HTTP and as curl."""

import re
from dataclasses import dataclass
from typing import Final

from contracts.guide.errors import GuideError

_LINE: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD) (/\S*)")
_VARIABLE: Final = re.compile(r"\$[A-Z_]+")
_FORM: Final = "Write `GET /api/vN/posts`, then headers, an empty line and the body, as in contracts/README.md."


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """One request. Readers replace ``$TOKEN`` and the like; ``shown`` names response headers to show."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    shown: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, where: str, shown: tuple[str, ...] = ()) -> "ExampleRequest":
        """Parse an ``http`` block. Raises ``GuideError``."""
        head, _, body = text.strip().partition("\n\n")
        first, *lines = head.splitlines() or [""]
        if (found := _LINE.fullmatch(first)) is None:
            raise GuideError(f"{where}: the first line must be a request line, got {first!r}", _FORM)
        headers = []
        for line in lines:
            name, colon, value = line.partition(": ")
            if not colon:
                raise GuideError(f"{where}: expected a header, got {line!r}", _FORM)
            headers.append((name, value))
        if "'" in body or "\n" in body.strip():
            raise GuideError(f"{where}: a body must be one line without apostrophes, so that it fits into curl", _FORM)
        return cls(found[1], found[2], tuple(headers), body.strip(), shown)

    @property
    def text(self) -> str:
        """The request as HTTP."""
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\n".join([*lines, *(["", self.body] if self.body else [])])

    @property
    def curl(self) -> str:
        """The request as a curl command, which prints the body, the status and the headers in ``shown``."""
        headers = "".join(f"\\n{name}: %header{{{name.lower()}}}" for name in self.shown)
        parts = [f"curl -s \"$STRATA{self.target}\" -w '\\n%{{http_code}}{headers}\\n'"]
        if self.method != ("POST" if self.body else "GET"):
            parts[0] += f" -X {self.method}"
        parts += [f'-H "{name}: {value}"' if "$" in value else f"-H '{name}: {value}'" for name, value in self.headers]
        if self.body:
            parts.append(f"-d {self._quoted_body}")
        return " \\\n     ".join(parts)

    @property
    def _quoted_body(self) -> str:
        if '"' not in self.body and "$" in self.body:
            return f'"{self.body}"'
        return f"'{_VARIABLE.sub(_quote_variable, self.body)}'"

    def with_variables(self, values: dict[str, str]) -> "ExampleRequest":
        """The request with its variables replaced."""

        def replace(text: str) -> str:
            return _VARIABLE.sub(lambda found: values[found[0][1:]], text)

        headers = tuple((name, replace(value)) for name, value in self.headers)
        return ExampleRequest(self.method, replace(self.target), headers, replace(self.body), self.shown)


def _quote_variable(found: re.Match[str]) -> str:
    return f"'\"{found[0]}\"'"
