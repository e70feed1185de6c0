"""Parameters that several commands have."""

from typing import Annotated, Final

import typer

MAX_ID: Final = 2**63 - 1
"""The largest sequential id that the database can contain."""
Limit = Annotated[int, typer.Option(min=1, max=2**31 - 1, help="At most this many.")]
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="E-mail address or sequential id.")]
