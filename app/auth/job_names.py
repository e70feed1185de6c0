"""The kinds of the feature's jobs, which services enqueue."""

from typing import Final

from app.kit.queue.kinds import JobKind
from app.users.job_names import ADDRESS_CHANGED

SEND_TOKEN: Final = JobKind("auth.send_token")
"""Parameter ``token``: the uid of an action token or a pending registration."""
SEND_ALREADY_REGISTERED: Final = JobKind("auth.send_already_registered")
"""Parameter ``user``: a uid."""
REGISTRATION_REQUESTED: Final = JobKind("auth.registration_requested")
"""Parameter ``registration``: the uid of a pending registration."""
VERIFICATION_REQUESTED: Final = JobKind("auth.verification_requested")
"""Parameter ``address``: an encrypted address."""
RESET_REQUESTED: Final = JobKind("auth.reset_requested")
"""Parameter ``address``: an encrypted address."""
SEND_NEW_NETWORK: Final = JobKind("auth.send_new_network")
"""Parameter ``session``: the uid of a session."""
SEND_PASSWORD_RESET: Final = JobKind("auth.send_password_reset")
"""Parameters ``user``: a uid; ``token``: the uid of the token that was used."""
JOBS: Final = (
    *(SEND_TOKEN, SEND_ALREADY_REGISTERED, REGISTRATION_REQUESTED, VERIFICATION_REQUESTED, RESET_REQUESTED),
    *(SEND_NEW_NETWORK, SEND_PASSWORD_RESET),
    ADDRESS_CHANGED,
)
"""Every job that this feature runs."""
