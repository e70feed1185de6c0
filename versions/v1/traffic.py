"""The sample requests of v1: mostly reads."""

from typing import Final

from versions.kit.traffic import POST, Sample, Traffic

TRAFFIC: Final = Traffic(
    unknown_post="999999999",
    samples=(
        Sample(12, "GET", "/posts"),
        Sample(12, "GET", f"/posts/{POST}"),
        Sample(3, "GET", "/search?query=history"),
        Sample(2, "POST", "/posts", {"content": "Rock in layers.", "published": True}, creates_post=True),
    ),
)
