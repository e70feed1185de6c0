"""The requests of v2 about impact analysis."""

from tests.truth.table import Call

DOCUMENT = {"openapi": "3.1.0", "servers": [{"url": "/api/v2"}], "paths": {}}
CALLS = {"impact.analyse": [Call("impact.analyse", json=DOCUMENT)]}
