"""Where v2 may break a rule, and why, by rule."""

from typing import Final

EXCEPTIONS: Final = {
    "handlers contain no conditions": {
        "versions/v2/auth/routes.py::issue_token": "RFC 6749 has one endpoint for all grants",
    },
}
