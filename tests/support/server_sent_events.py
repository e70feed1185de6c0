"""The messages of a stream of server-sent events."""


def messages_in(text: str) -> list[dict[str, str]]:
    """The fields of every complete message with data; the others set the position, or are comments."""
    blocks = text.split("\n\n")[:-1]
    parsed = [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line) for block in blocks]
    return [fields for fields in parsed if "data" in fields]
