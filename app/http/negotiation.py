"""Content negotiation (RFC 9110, section 12.5): which of the offered values a request prefers."""

import re
from collections.abc import Sequence
from typing import Final

IDENTITY: Final = "identity"
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def best_media_type(accept: str | None, offers: Sequence[str]) -> str | None:
    """The offer with the highest quality, the first one of equals; None if none is acceptable.

    Without the header, every offer is acceptable. Parameters of media types are ignored.
    """
    if accept is None or not accept.strip():
        return offers[0]
    weights = _weights(accept)

    def quality(offer: str) -> float:
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        return next((weights[name] for name in ranges if name in weights), 0.0)

    return _best(offers, [quality(offer) for offer in offers])


def best_coding(accept_encoding: str | None, offers: Sequence[str]) -> str | None:
    """The content coding with the highest quality, the first one of equals; None if even ``identity`` is forbidden.

    ``identity`` is acceptable unless it is excluded, and preferred to no other coding that is acceptable.
    """
    weights = _weights(accept_encoding or "")
    qualities = [weights.get(offer, weights.get("*", 0.0)) for offer in offers]
    if (found := _best(offers, qualities)) is not None and _is_preferred(max(qualities), weights):
        return found
    return IDENTITY if weights.get(IDENTITY, weights.get("*", 1.0)) > 0 else None


def _is_preferred(quality: float, weights: dict[str, float]) -> bool:
    return quality >= weights.get(IDENTITY, 0.0)


def _best(offers: Sequence[str], qualities: Sequence[float]) -> str | None:
    best = max(qualities)
    return offers[qualities.index(best)] if best > 0 else None


def _weights(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            weights[name] = _quality(parameters)
    return weights


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _QUALITY.fullmatch(value.strip()) else 0.0
    return 1.0
