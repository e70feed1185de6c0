"""An example of each rule about security."""

from typing import Any, Final

from tests.contracts.compat.documents import KEY, OAUTH, SCHEMES, secured
from tests.contracts.compat.examples import RuleExample, example

Json = Any


def scheme(**members: Json) -> Json:
    return secured([{"key": []}], {"key": {**KEY, **members}})


def oauth(flow: str = "authorizationCode", **members: Json) -> Json:
    flows = {**OAUTH["flows"], flow: {**OAUTH["flows"][flow], **members}}
    return secured([{"oauth": []}], {"oauth": {**OAUTH, "flows": flows}})


def flows(*names: str) -> Json:
    chosen = {name: OAUTH["flows"][name] for name in names}
    return secured([{"oauth": []}], {"oauth": {**OAUTH, "flows": chosen}})


SECURITY_EXAMPLES: Final[dict[str, RuleExample]] = {
    "security-required": RuleExample(secured([]), secured([{"key": []}]), secured([{}, {"key": []}])),
    "security-no-longer-required": example(secured([{"key": []}]), secured([{"key": []}, {}])),
    "security-alternative-added": example(secured([{"key": []}]), secured([{"basic": []}, {"key": []}])),
    "security-alternative-removed": RuleExample(
        secured([{"key": []}, {"basic": []}]), secured([{"key": []}]), secured([{"basic": []}, {"key": []}])
    ),
    "security-scheme-required": example(secured([{"key": []}]), secured([{"key": [], "basic": []}])),
    "security-scheme-no-longer-required": example(secured([{"key": [], "basic": []}]), secured([{"key": []}])),
    "security-scope-added": RuleExample(
        secured([{"oauth": ["read"]}]),
        secured([{"oauth": ["read", "write"]}]),
        secured(None, document_security=[{"oauth": ["read"]}]),
    ),
    "security-scope-removed": example(secured([{"oauth": ["read", "write"]}]), secured([{"oauth": ["read"]}])),
    "security-scheme-added": example(secured([], {"key": KEY}), secured([])),
    "security-scheme-removed": example(secured([]), secured([], {"key": KEY, "oauth": OAUTH})),
    "security-scheme-type-changed": RuleExample(
        secured([{"key": []}], {"key": KEY}),
        secured([{"key": []}], {"key": SCHEMES["basic"]}),
        secured([{"token": []}], {"token": KEY}),
    ),
    "security-scheme-location-changed": example(scheme(), scheme(**{"in": "query"})),
    "security-scheme-name-changed": RuleExample(scheme(), scheme(name="X-Other"), scheme(description="D")),
    "security-scheme-http-changed": example(
        secured([{"a": []}], {"a": {"type": "http", "scheme": "basic"}}),
        secured([{"a": []}], {"a": {"type": "http", "scheme": "bearer"}}),
    ),
    "security-scheme-bearer-format-changed": example(
        secured([{"a": []}], {"a": {"type": "http", "scheme": "bearer"}}),
        secured([{"a": []}], {"a": {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"}}),
    ),
    "security-scheme-openid-url-changed": example(
        secured([{"a": []}], {"a": {"type": "openIdConnect", "openIdConnectUrl": "https://a"}}),
        secured([{"a": []}], {"a": {"type": "openIdConnect", "openIdConnectUrl": "https://b"}}),
    ),
    "security-flow-added": example(flows("clientCredentials"), flows("clientCredentials", "authorizationCode")),
    "security-flow-removed": example(flows("clientCredentials", "authorizationCode"), flows("clientCredentials")),
    "security-authorization-url-changed": example(oauth(), oauth(authorizationUrl="https://b.example")),
    "security-token-url-changed": RuleExample(oauth(), oauth(tokenUrl="https://b.example"), oauth(**{"x-note": 1})),
    "security-refresh-url-changed": example(oauth(), oauth(refreshUrl="https://b.example")),
    "security-scope-offered": example(oauth(), oauth(scopes={"read": "Read."})),
    "security-scope-withdrawn": example(oauth(scopes={"read": "Read."}), oauth()),
}
