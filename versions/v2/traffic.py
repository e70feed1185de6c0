"""The sample requests of v2: mostly reads, some invalid."""

from typing import Final

from versions.kit.traffic import POST, Sample, Traffic

_UNKNOWN: Final = "post_01h455vb4pex5vsknk084sn02q"
_DRAFT: Final = {"content": "Rock in layers tells its history.", "status": "published"}
TRAFFIC: Final = Traffic(
    unknown_post=_UNKNOWN,
    samples=(
        Sample(20, "GET", "/posts"),
        Sample(25, "GET", f"/posts/{POST}"),
        Sample(6, "GET", "/search/posts?q=layers"),
        Sample(6, "GET", "/me"),
        Sample(6, "POST", "/posts", _DRAFT, creates_post=True),
        Sample(2, "PATCH", f"/posts/{POST}", {"title": "Edited"}),
        Sample(3, "GET", "/posts", anonymous=True),
        Sample(1, "GET", "/me", anonymous=True),
        Sample(2, "GET", f"/posts/{_UNKNOWN}"),
        Sample(2, "POST", "/posts", {"title": ""}),
        Sample(1, "GET", "/nothing"),
    ),
)
