"""Schemas of impact analysis in v2."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_CONSUMER = "key_01jwxq7c8gfq8sh1tbp9xqk3ma"
_EMAIL = "ada@example.com"


Verdict = Literal["breaks", "may_break", "safe", "does_not_call"]
"""What a change does to a consumer."""


class ImpactMessage(BaseModel):
    """What to write to one user, about all API keys of the user."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(description="The address of the user.", examples=[_EMAIL])
    verdict: Verdict = Field(description="The worst verdict about a consumer of the user.", examples=["breaks"])
    requests: int = Field(description="The requests of these consumers.", ge=0, examples=[140])
    consumer_ids: list[str | None] = Field(
        description="The API keys of the user, and the user for requests without a key.", examples=[[_CONSUMER]]
    )
    subject: str = Field(description="The subject.", examples=["A change of v2 of our API affects your client"])
    text: str = Field(description="The text.", examples=["You sent 140 requests ..."])


class ImpactConsumer(BaseModel):
    """A consumer of the version: an API key, a user without a key, or all anonymous callers together."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(
        description="The API key or the user; null for anonymous callers and deleted users.", examples=[_CONSUMER]
    )
    name: str = Field(description="The user and the key, for people.", examples=[_EMAIL])
    email: str | None = Field(description="The address of the user; null if there is none.", examples=[_EMAIL])
    plan: str | None = Field(description="The plan of the key; null without a key.", examples=["free"])
    requests: int = Field(
        description="The requests to the version; 0 if the consumer only receives events.", ge=0, examples=[140]
    )
    last_seen: datetime | None = Field(
        description="The time of the last request; null without one.", examples=["2026-11-23T12:00:00Z"]
    )
    verdict: Verdict = Field(description="The worst verdict of all changes.", examples=["breaks"])


class ImpactOutcome(BaseModel):
    """What one change does to one consumer, and what shows it."""

    model_config = ConfigDict(extra="forbid")

    consumer_id: str | None = Field(description="The `id` of the consumer.", examples=[_CONSUMER])
    verdict: Verdict = Field(description="What the change does.", examples=["breaks"])
    reason: str = Field(
        description="What the evidence shows of the consumer, for people.", examples=["sent up to 140 characters"]
    )
    operation: str = Field(description="The operation, webhook or channel in which it shows.", examples=["POST /posts"])
    element: str = Field(
        description="The parameter or member that shows it; empty for the whole operation.", examples=["body:/title"]
    )
    requests: int = Field(
        description="The requests of the consumer to what changes; 0 for events.", ge=0, examples=[140]
    )
    last_seen: datetime | None = Field(
        description="The time of the last request of the consumer; null without one.", examples=["2026-11-23T12:00:00Z"]
    )
    shown: int | None = Field(
        description="How many observed uses show it; null if the evidence does not count them.", ge=0, examples=[40]
    )
    bound: float | None = Field(
        description=(
            "For `safe`: the greatest share of requests that can be affected although no observed one is, at a "
            "confidence of 95 %; 0 if every request was observed. Null for other verdicts."
        ),
        ge=0,
        le=1,
        examples=[None],
    )


class ImpactCounts(BaseModel):
    """The number of consumers by verdict."""

    model_config = ConfigDict(extra="forbid")

    breaks: int = Field(description="Consumers that break.", ge=0, examples=[1])
    may_break: int = Field(description="Consumers that may break.", ge=0, examples=[0])
    safe: int = Field(description="Consumers that are safe.", ge=0, examples=[3])
    does_not_call: int = Field(description="Consumers that do not use what changes.", ge=0, examples=[12])


class ImpactFinding(BaseModel):
    """A change, with the consumers that use what it changes, the most affected first."""

    model_config = ConfigDict(extra="forbid")

    rule: str = Field(
        description="The rule of the compatibility check.", examples=["request-body-max-length-decreased"]
    )
    severity: Literal["breaking", "warning", "safe"] = Field(
        description="What the change does to clients in general.", examples=["breaking"]
    )
    pointer: str = Field(
        description="JSON pointer (RFC 6901) into the document, or into the contract if something was removed.",
        examples=["/components/schemas/PostCreate/properties/title/maxLength"],
    )
    operations: list[str] = Field(description="The operations that the change reaches.", examples=[["POST /posts"]])
    message: str = Field(
        description="The change, for people.", examples=["`title` in the request has a maximum of 100 characters."]
    )
    decision: str = Field(description="The kind of evidence that decides the rule.", examples=["greatest"])
    counts: ImpactCounts = Field(description="The number of consumers by verdict.")
    requests: int = Field(
        description="The requests of consumers that break or may break, to what changes.", ge=0, examples=[140]
    )
    consumers: list[ImpactOutcome] = Field(description="What the change does to each consumer.")


class ImpactReport(BaseModel):
    """Whom a change of a contract would break."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(description="The version whose contract changes.", examples=["v2"])
    since: date = Field(description="The first day of the evidence, in UTC.", examples=["2026-10-24"])
    until: date = Field(description="The last day of the evidence, in UTC.", examples=["2026-11-23"])
    breaks: bool = Field(description="Whether any consumer breaks.", examples=[True])
    messages: list[ImpactMessage] = Field(description="One message to each user with an affected consumer.")
    consumers: list[ImpactConsumer] = Field(
        description="All consumers of the version, those that break first; those of one user follow each other."
    )
    findings: list[ImpactFinding] = Field(description="The changes; those that are safe for every client are left out.")
