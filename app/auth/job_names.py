"""The names of the feature's jobs, by which services enqueue them."""

from typing import Final

from app.users.job_names import ADDRESS_CHANGED

SEND_TOKEN: Final = "auth.send_token"  # noqa: S105 - the name of a job
"""Payload ``token``: the uid of an action token or a pending registration."""
SEND_ALREADY_REGISTERED: Final = "auth.send_already_registered"
"""Payload ``user``: a uid."""
REGISTRATION_REQUESTED: Final = "auth.registration_requested"
"""Payload ``registration``: the uid of a pending registration."""
VERIFICATION_REQUESTED: Final = "auth.verification_requested"
"""Payload ``address``: an encrypted address."""
RESET_REQUESTED: Final = "auth.reset_requested"
"""Payload ``address``: an encrypted address."""
SEND_NEW_NETWORK: Final = "auth.send_new_network"
"""Payload ``session``: the uid of a session."""
SEND_PASSWORD_RESET: Final = "auth.send_password_reset"  # noqa: S105 - the name of a job
"""Payload ``user``: a uid; ``token``: the uid of the token that was used."""
JOBS: Final = (
    *(SEND_TOKEN, SEND_ALREADY_REGISTERED, REGISTRATION_REQUESTED, VERIFICATION_REQUESTED, RESET_REQUESTED),
    *(SEND_NEW_NETWORK, SEND_PASSWORD_RESET),
    ADDRESS_CHANGED,
)
"""Every job that this feature runs."""
