"""Signs requests of the S3 API (AWS Signature Version 4), for the few that the client library does not have."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpx2

_SIGNED: Final = "host;x-amz-content-sha256;x-amz-date"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs, and for which region."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str

    def headers(self, method: str, url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        """The header fields that sign a request. The query of ``url`` has one parameter at most, with its ``=``."""
        parts, digest = httpx2.URL(url), hashlib.sha256(body).hexdigest()
        time = now.strftime("%Y%m%dT%H%M%SZ")
        scope = (time[:8], self.region, "s3", "aws4_request")
        fields = f"host:{parts.netloc.decode()}\nx-amz-content-sha256:{digest}\nx-amz-date:{time}\n"
        request = f"{method}\n{parts.path}\n{parts.query.decode()}\n{fields}\n{_SIGNED}\n{digest}"
        signed = "\n".join(("AWS4-HMAC-SHA256", time, "/".join(scope), hashlib.sha256(request.encode()).hexdigest()))
        key = f"AWS4{self.secret_key}".encode()
        for part in scope:
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, signed.encode(), "sha256").hex()
        credential = f"Credential={self.access_key}/{'/'.join(scope)}"
        return {
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={_SIGNED}, Signature={signature}",
            "x-amz-content-sha256": digest,
            "x-amz-date": time,
        }
