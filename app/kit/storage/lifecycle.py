"""Whether a bucket removes the parts of uploads that were never completed.

A process that is killed leaves them. No list shows them, but they cost as much as objects.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx2

from app.kit.clock import utc_now
from app.kit.storage.errors import RulesUnknown
from app.kit.storage.signature import Credentials
from app.settings.storage import StorageSettings

_SECONDS: Final = 5.0
_MAX_BYTES: Final = 100_000
_NO_RULES: Final = b"NoSuchLifecycleConfiguration"


def lifecycle_url(given: StorageSettings) -> str:
    """The URL of the rules of the bucket."""
    endpoint = given.endpoint or f"https://s3.{given.region}.amazonaws.com"
    return f"{endpoint.rstrip('/')}/{quote(given.bucket or '')}?lifecycle="


def days_until_abort(given: StorageSettings, prefix: str) -> int | None:
    """After how many days the bucket removes incomplete uploads below ``prefix``; None if it keeps them.

    Raises ``RulesUnknown``.
    """
    if given.access_key is None or given.secret_key is None:
        message = "the settings contain no credentials"
        raise RulesUnknown(message)
    credentials = Credentials(given.access_key.get_secret_value(), given.secret_key.get_secret_value(), given.region)
    status, body = _get(lifecycle_url(given), credentials)
    if status == HTTPStatus.NOT_FOUND and _NO_RULES in body:
        return None
    if status != HTTPStatus.OK:
        message = f"the bucket responds with {status}"
        raise RulesUnknown(message)
    try:
        rules = ET.fromstring(body).iterfind("{*}Rule")  # noqa: S314 - from the operator's own bucket
        return min((days for rule in rules if (days := _days_of(rule, prefix)) is not None), default=None)
    except (ET.ParseError, ValueError) as error:
        message = "the response cannot be read"
        raise RulesUnknown(message) from error


def _get(url: str, credentials: Credentials) -> tuple[int, bytes]:
    headers = credentials.headers("GET", url, b"", utc_now())
    body = b""
    try:
        with (
            httpx2.Client(timeout=_SECONDS, trust_env=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > _MAX_BYTES:
                    message = "the response is too long"
                    raise RulesUnknown(message)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        message = f"no response: {type(error).__name__}"
        raise RulesUnknown(message) from error
    return response.status_code, body


def _days_of(rule: ET.Element, prefix: str) -> int | None:
    """The days of a rule that is enabled and concerns every object below the prefix."""
    days = rule.findtext("{*}AbortIncompleteMultipartUpload/{*}DaysAfterInitiation")
    conditions = [*rule.iterfind("{*}Filter/*"), *rule.iterfind("{*}Prefix")]
    covered = all(one.tag.endswith("}Prefix") and prefix.startswith(one.text or "") for one in conditions)
    return int(days) if days is not None and covered and rule.findtext("{*}Status") == "Enabled" else None
