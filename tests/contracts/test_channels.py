"""`strata contract check`, `freeze`, `release` and `diff` on the AsyncAPI documents."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts import kinds
from tests.contracts.commands import Json, Run, patch_document
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import read_record


def channels_of(version: str) -> Json:
    return json.loads(kinds.ASYNCAPI.frozen_path(version, kinds.FOLDER).read_text())


def shorten_a_received_text(doc: Json) -> str:
    doc["components"]["schemas"]["Publish"]["properties"]["text"]["maxLength"] -= 1
    return "request-body-max-length-decreased  /components/schemas/Publish/properties/text/maxLength"


def leave_out_a_sent_field(doc: Json) -> str:
    sent = doc["components"]["schemas"]["RoomMessage"]
    sent["required"].remove("text")
    del sent["properties"]["text"]
    return "response-body-property-removed  /components/schemas/RoomMessage/properties/text"


def remove_a_channel(doc: Json) -> str:
    del doc["channels"]["job"], doc["operations"]["job_send"]
    return "channel-removed  /channels/job"


@pytest.mark.parametrize("change", [shorten_a_received_text, leave_out_a_sent_field, remove_a_channel])
def test_check_and_freeze_fail_for_a_breaking_change(
    change: Callable[[Json], str], strata: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = channels_of("v2")
    reported = change(doc)
    patch_document(monkeypatch, "v2", doc, "ASYNCAPI")
    code, printed = strata("check")
    assert code == 1
    assert f"v2: breaking  {reported}" in printed
    assert "Undo it in v2 and make the change in the next version" in printed
    code, printed = strata("freeze")
    assert (code, "Nothing was written" in printed) == (1, True)


def test_a_new_message_is_frozen(folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    doc = channels_of("v2")
    doc["channels"]["rooms"]["messages"]["Typing"] = {"name": "Typing", "payload": {"type": "object"}}
    doc["operations"]["rooms_receive"]["messages"].append({"$ref": "#/channels/rooms/messages/Typing"})
    patch_document(monkeypatch, "v2", doc, "ASYNCAPI")
    code, printed = strata("check")
    assert (code, "safe  message-received-added" in printed) == (1, True)
    assert strata("freeze")[0] == 0
    assert channels_of("v2") == doc
    assert strata("check")[0] == 0
    assert folder.exists()


def test_a_release_keeps_the_channels(folder: Path, strata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where code and frozen document agree: somebody froze the change without the gate."""
    assert strata("release", "v2")[0] == 0
    digest = read_record(lifecycle_record.RECORD)["v2"].channels_baseline
    assert digest is not None
    baseline = kinds.ASYNCAPI.baseline_path("v2", folder)
    frozen = kinds.ASYNCAPI.frozen_path("v2", folder)
    assert baseline.read_bytes() == frozen.read_bytes()
    doc = channels_of("v2")
    reported = shorten_a_received_text(doc)
    frozen.write_text(json.dumps(doc, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    patch_document(monkeypatch, "v2", doc, "ASYNCAPI")
    code, printed = strata("check")
    assert (code, "v2 breaks what was released" in printed) == (1, True)
    assert reported in printed


def test_check_fails_for_a_damaged_baseline(folder: Path, strata: Run) -> None:
    assert strata("release", "v2")[0] == 0
    baseline = kinds.ASYNCAPI.baseline_path("v2", folder)
    shutil.copy(baseline, kinds.ASYNCAPI.baseline_path("v901", folder))
    baseline.write_text(baseline.read_text().replace("title", "Title", 1))
    code, printed = strata("check")
    assert code == 1
    assert "v2: the baseline contracts/released/v2.asyncapi.json has the digest" in printed
    assert "contracts/released/v901.asyncapi.json is not recorded in versions/lifecycle.json: delete it." in printed


def test_diff_compares_channels_and_rejects_documents_of_two_kinds(folder: Path, strata: Run, tmp_path: Path) -> None:
    old = kinds.ASYNCAPI.frozen_path("v2", folder)
    doc = channels_of("v2")
    remove_a_channel(doc)
    new = tmp_path / "new.json"
    new.write_text(json.dumps(doc))
    code, printed = strata("diff", str(old), str(new))
    assert (code, "channel-removed" in printed) == (1, True)
    assert strata("diff", str(new), str(old))[0] == 0
    code, printed = strata("diff", str(old), str(kinds.OPENAPI.frozen_path("v2", folder)))
    assert code == 2
    assert "one document is OpenAPI and the other one is AsyncAPI" in printed
