"""Numbers in sentences."""


def count_of(count: int, noun: str) -> str:
    """A number with a noun, which gets an s unless the number is 1."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
