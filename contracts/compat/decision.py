"""How the consumers that a change breaks are found in the evidence of usage."""

from enum import StrEnum
from typing import Final


class Decision(StrEnum):
    """What evidence decides about a rule. EXPLANATIONS has a sentence about each."""

    NOBODY = "nobody"
    CALLERS = "callers"
    CALLERS_WARNED = "callers warned"
    SENT = "sent"
    SENT_MEANING = "sent, meaning"
    SENT_OTHERWISE = "sent, undecidable"
    OMITTED = "omitted"
    OMITTED_MEANING = "omitted, meaning"
    NAME_REQUIRED = "name required"
    NAME_TAKEN = "name taken"
    NAMES_UNKNOWN = "unknown names"
    NULL = "null"
    TYPES = "types"
    VALUES = "values"
    LENGTH_ABOVE = "length above"
    LENGTH_BELOW = "length below"
    ITEMS_ABOVE = "items above"
    ITEMS_BELOW = "items below"
    MEMBERS_ABOVE = "members above"
    MEMBERS_BELOW = "members below"
    NUMBER_ABOVE = "number above"
    NUMBER_BELOW = "number below"
    REPEATED_ITEMS = "repeated items"
    MEDIA_TYPE = "media type"
    ANONYMOUS = "anonymous"
    SCHEME = "scheme"
    SCOPE = "scope"
    READ = "read"
    READ_PERHAPS = "read, perhaps"
    RECEIVED = "received"
    SUBSCRIBED = "subscribed"
    SUBSCRIBED_PERHAPS = "subscribed, perhaps"

    @property
    def is_certain(self) -> bool:
        """Whether evidence decides that a consumer breaks. Otherwise a consumer at most may break."""
        return self not in _PERHAPS


_PERHAPS: Final = frozenset(
    {
        Decision.NOBODY,
        Decision.CALLERS_WARNED,
        Decision.SENT_MEANING,
        Decision.SENT_OTHERWISE,
        Decision.OMITTED_MEANING,
        Decision.NAME_TAKEN,
        Decision.READ_PERHAPS,
        Decision.RECEIVED,
        Decision.SUBSCRIBED_PERHAPS,
    }
)

EXPLANATIONS: Final = {
    Decision.NOBODY: "No client breaks.",
    Decision.CALLERS: "Breaks every caller of the operation.",
    Decision.CALLERS_WARNED: "May break every caller of the operation: what decides it is not in a request.",
    Decision.SENT: "Breaks who sent the element. Where undeclared members are ignored, it may break them: the value is "
    "lost without an error.",
    Decision.SENT_MEANING: "May break who sent the element: it is not rejected, but means something else.",
    Decision.SENT_OTHERWISE: "May break who sent the element: a summary cannot decide which values are rejected.",
    Decision.OMITTED: "Breaks who omitted the element.",
    Decision.OMITTED_MEANING: "May break who omitted the element: the same request means something else.",
    Decision.NAME_REQUIRED: "Breaks who did not yet send an undeclared element of this name.",
    Decision.NAME_TAKEN: "May break who sent an undeclared element of this name; nobody else.",
    Decision.NAMES_UNKNOWN: "Breaks who sent members that the contract does not declare.",
    Decision.NULL: "Breaks who sent null.",
    Decision.TYPES: "Breaks who sent a value of a type that is no longer allowed. Text in a URL may be read as "
    "another type, so that it may break who sent it.",
    Decision.VALUES: "Breaks who sent a listed value that is no longer allowed; may break who sent a value that the "
    "old contract does not list.",
    Decision.LENGTH_ABOVE: "Breaks who sent a longer text.",
    Decision.LENGTH_BELOW: "Breaks who sent a shorter text.",
    Decision.ITEMS_ABOVE: "Breaks who sent more items.",
    Decision.ITEMS_BELOW: "Breaks who sent fewer items.",
    Decision.MEMBERS_ABOVE: "Breaks who sent more members.",
    Decision.MEMBERS_BELOW: "Breaks who sent fewer members.",
    Decision.NUMBER_ABOVE: "Breaks who sent a greater number; may break where the limit is between the number and its "
    "rounded value.",
    Decision.NUMBER_BELOW: "Breaks who sent a smaller number; may break where the limit is between the number and its "
    "rounded value.",
    Decision.REPEATED_ITEMS: "Breaks who sent a list with equal items.",
    Decision.MEDIA_TYPE: "Breaks who sent or requested the media type.",
    Decision.ANONYMOUS: "Breaks who called the operation without credentials.",
    Decision.SCHEME: "Breaks who used the credentials.",
    Decision.SCOPE: "Breaks whose credentials lacked the scope.",
    Decision.READ: "Breaks who declares to read the member (`API-Reads`, `fields`, `include`), is safe for who "
    "declares to read others only, and may break every other caller.",
    Decision.READ_PERHAPS: "May break every caller that does not declare to read other members only: not every "
    "response has such a value.",
    Decision.RECEIVED: "May break every caller that received the response.",
    Decision.SUBSCRIBED: "Breaks every subscriber of the event.",
    Decision.SUBSCRIBED_PERHAPS: "May break every subscriber of the event.",
}
