"""The rotation of the signing key that development stores in its home.

Consumers of the JWK set receive a key before it signs, and tokens of the replaced key stay valid until they expire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from joserfc.jwk import OKPKey, RSAKey

from app.settings.auth import JWKS_MAX_AGE, AuthSettings
from app.settings.generated import Stored, change_stored_secrets

_CURRENT: Final = "signing_key"
_NEXT: Final = "next_signing_key"
_PREVIOUS: Final = "previous_signing_keys"
_SINCE: Final = "signing_keys_in_use_since"
_RSA_BITS: Final = 3072


class Algorithm(StrEnum):
    """The algorithms of new keys."""

    EDDSA = "EdDSA"
    RS256 = "RS256"


class RotationStep(StrEnum):
    """The steps of a rotation, in their order."""

    PUBLISH = "publish"
    SIGN = "sign"
    DROP = "drop"


class RotationTooEarly(Exception):
    """The next step is possible at ``at``, or, if that is None, some time after a restart of ``strata up``."""

    def __init__(self, step: RotationStep, at: datetime | None) -> None:
        super().__init__(step)
        self.step = step
        self.at = at


@dataclass(frozen=True, slots=True)
class Rotation:
    """Takes the steps for the keys that are stored under ``home``."""

    home: Path
    settings: AuthSettings

    def advance(self, algorithm: Algorithm, now: datetime) -> RotationStep:
        """Take the next step and return it. It takes effect when ``strata up`` starts again.

        Raises ``RotationTooEarly``.
        """
        taken: list[RotationStep] = []

        def change(stored: Stored) -> Stored:
            step = _next_step(stored)
            self._ensure_due(step, stored, now)
            taken.append(step)
            return _changed(stored, step, algorithm)

        change_stored_secrets(self.home, change)
        return taken[0]

    def record_use(self, now: datetime) -> None:
        """Record that the servers of this home use the keys of these settings, from which the next step is counted."""

        def change(stored: Stored) -> Stored:
            rotating = _NEXT in stored or _PREVIOUS in stored
            if not rotating or _SINCE in stored or _values(stored) != self._used():
                return stored
            return {**stored, _SINCE: now.isoformat()}

        change_stored_secrets(self.home, change)

    def _used(self) -> list[str | list[str] | None]:
        current, following = (
            None if key is None else key.get_secret_value()
            for key in (self.settings.signing_key, self.settings.next_signing_key)
        )
        previous = [key.get_secret_value() for key in self.settings.previous_signing_keys]
        return [current, following, previous]

    def _ensure_due(self, step: RotationStep, stored: Stored, now: datetime) -> None:
        if step is RotationStep.PUBLISH:
            return
        since = stored.get(_SINCE)
        if not isinstance(since, str):
            raise RotationTooEarly(step, None)
        due = datetime.fromisoformat(since) + waiting_times(self.settings)[step]
        if now < due:
            raise RotationTooEarly(step, due)


def waiting_times(settings: AuthSettings) -> Mapping[RotationStep, timedelta]:
    """The time between the effect of the step before and a step: caches expire, and so do tokens of the old key."""
    return {
        RotationStep.SIGN: timedelta(seconds=JWKS_MAX_AGE),
        RotationStep.DROP: timedelta(seconds=max(settings.access_ttl, settings.refresh_ttl)),
    }


def new_key(algorithm: Algorithm) -> str:
    """A private key in PEM."""
    key = (
        RSAKey.generate_key(_RSA_BITS, private=True)
        if algorithm is Algorithm.RS256
        else OKPKey.generate_key("Ed25519", private=True)
    )
    return key.as_pem(private=True).decode()


def _next_step(stored: Stored) -> RotationStep:
    if _NEXT in stored:
        return RotationStep.SIGN
    return RotationStep.DROP if _PREVIOUS in stored else RotationStep.PUBLISH


def _changed(stored: Stored, step: RotationStep, algorithm: Algorithm) -> Stored:
    after = {name: value for name, value in stored.items() if name not in {_NEXT, _PREVIOUS, _SINCE}}
    if step is RotationStep.PUBLISH:
        return {**after, _NEXT: new_key(algorithm)}
    if step is RotationStep.SIGN:
        return {**after, _CURRENT: stored[_NEXT], _PREVIOUS: [str(stored[_CURRENT])]}
    return after


def _values(stored: Stored) -> list[str | list[str] | None]:
    return [stored.get(_CURRENT), stored.get(_NEXT), stored.get(_PREVIOUS, [])]
