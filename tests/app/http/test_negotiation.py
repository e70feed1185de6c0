"""Content negotiation, and the content codings."""

import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard

from app.http.compression import CODINGS, compressor
from app.http.negotiation import best_coding, best_media_type

TYPES = ["text/csv", "application/x-ndjson", "application/json"]
TEXT = b"Rock in layers tells its history. " * 1000


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/csv"),
        ("", "text/csv"),
        ("*/*", "text/csv"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "text/csv"),
        ("application/json, */*;q=0.1", "application/json"),
        ("text/csv;q=0.5, application/x-ndjson;q=0.6", "application/x-ndjson"),
        ("application/*", "application/x-ndjson"),
        ("application/*, application/x-ndjson;q=0", "application/json"),
        ("TEXT/CSV ; header=present ; Q=1", "text/csv"),
        ("text/html", None),
        ("text/csv;q=0", None),
        ("text/csv;q=nan", None),
        ("text/csv;q=2, application/json;q=0.001", "application/json"),
        (";;,,q=1", None),
    ],
)
def test_the_media_type_with_the_highest_quality(accept: str | None, expected: str | None) -> None:
    assert best_media_type(accept, TYPES) == expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.5, identity;q=0.4", "gzip"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("br", "identity"),
        ("br, identity;q=0", None),
        ("br, *;q=0", None),
        ("gzip;q=0, identity;q=0", None),
        ("gzip, identity;q=0", "gzip"),
    ],
)
def test_the_coding_with_the_highest_quality(accept_encoding: str | None, expected: str | None) -> None:
    assert best_coding(accept_encoding, list(CODINGS)) == expected


def decompressed_zstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def decompressed_part(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data)


@pytest.mark.parametrize(
    ("coding", "part", "whole"),
    [("zstd", decompressed_zstd, decompressed_zstd), ("gzip", decompressed_part, gzip.decompress)],
)
def test_a_stream_can_be_read_at_each_flush(
    coding: str, part: Callable[[bytes], bytes], whole: Callable[[bytes], bytes]
) -> None:
    stream = compressor(coding)
    first = stream.compress(TEXT) + stream.flush()
    assert part(first) == TEXT
    everything = first + stream.compress(TEXT) + stream.finish()
    assert whole(everything) == TEXT + TEXT
    assert len(everything) < len(TEXT) / 5


def test_without_a_coding_nothing_changes() -> None:
    stream = compressor("identity")
    assert (stream.compress(TEXT), stream.flush(), stream.finish()) == (TEXT, b"", b"")
