"""``python -m app.cli``, with which ``strata up`` starts its child processes."""

from app.cli import main

main()
