"""``python -m app.cli``: how ``strata up`` starts its children."""

from app.cli import main

main()
