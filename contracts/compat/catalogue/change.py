"""A kind of change of a schema, and the contexts in which schemas are used."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.compat.decision import Decision
from contracts.compat.findings import Severity


class Context(StrEnum):
    """Where a schema is used. Clients receive webhooks and send the responses to them."""

    PARAMETER = "request-parameter"
    BODY = "request-body"
    RESPONSE = "response-body"
    HEADER = "response-header"
    WEBHOOK = "webhook-body"
    WEBHOOK_RESPONSE = "webhook-response"

    @property
    def client_sends(self) -> bool:
        """Whether the client sends the values of this context."""
        return self in {Context.PARAMETER, Context.BODY, Context.WEBHOOK_RESPONSE}


NOUNS: Final = {
    Context.PARAMETER: "The parameter {what}",
    Context.BODY: "{what} in the request",
    Context.RESPONSE: "{what} in the response",
    Context.HEADER: "The response header {what}",
    Context.WEBHOOK: "{what} in the webhook or callback",
    Context.WEBHOOK_RESPONSE: "{what} in the response to the webhook or callback",
}


_REQUESTS: Final = frozenset({Context.PARAMETER, Context.BODY})


class Effect(StrEnum):
    """How the set of allowed values changes."""

    NARROWS = "narrows"
    WIDENS = "widens"
    DIFFERS = "differs"
    UNCLEAR = "unclear"
    NONE = "none"


_BREAKING, _WARNING, _SAFE = Severity.BREAKING, Severity.WARNING, Severity.SAFE
# Effect -> (severity where the client sends, severity where it receives)
_SEVERITY: Final = {
    Effect.NARROWS: (_BREAKING, _SAFE),
    Effect.WIDENS: (_SAFE, _BREAKING),
    Effect.DIFFERS: (_BREAKING, _BREAKING),
    Effect.UNCLEAR: (_WARNING, _WARNING),
    Effect.NONE: (_SAFE, _SAFE),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change in a schema. `override` replaces the severities of its effect; README.md gives the reason.

    In both tuples the first item is for contexts in which the client sends, the second for those in which it receives.
    `sent` is the evidence that decides whom it breaks where the client sends; `breaks_readers` tells whether, where it
    receives, every response lacks what clients read.
    """

    name: str
    effect: Effect
    message: str
    sent: Decision | None = None
    override: tuple[Severity, Severity] | None = None
    occurs: tuple[bool, bool] = (True, True)
    breaks_readers: bool = False

    def occurs_in(self, context: Context) -> bool:
        """Whether the change can occur in a context."""
        return self.occurs[not context.client_sends]

    def severity(self, context: Context) -> Severity:
        """The effect of the change on clients in a context."""
        sending, receiving = self.override or _SEVERITY[self.effect]
        return sending if context.client_sends else receiving

    def decision(self, context: Context) -> Decision:
        """The evidence that decides whom the change breaks in a context. Raises ``ValueError`` if it is not stated."""
        if self.severity(context) is Severity.SAFE:
            taken = context in _REQUESTS and self.sent is Decision.NAME_TAKEN
            return Decision.NAME_TAKEN if taken else Decision.NOBODY
        if context in _REQUESTS:
            if self.sent is None:
                raise ValueError(f"the change {self.name} does not state what decides whom it breaks")
            return self.sent
        if context is Context.RESPONSE:
            return Decision.READ if self.breaks_readers else Decision.READ_PERHAPS
        return Decision.RECEIVED if context is Context.HEADER else Decision.SUBSCRIBED_PERHAPS
