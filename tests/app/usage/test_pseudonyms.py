"""Hashes of consumers and names: who has an export can test guesses of names, and not of consumers."""

import pytest
from pydantic import SecretStr

from app.settings.http import HttpSettings
from app.usage.pseudonyms import Pseudonyms, pseudonyms
from contracts.compat.impact.evidence import hash_name

SECRET = "a secret of the deployment with enough characters"


def test_the_key_of_names_computes_the_hashes_of_names_and_not_those_of_consumers() -> None:
    found = Pseudonyms(SECRET)
    assert hash_name(found.names_key, "subtitle") == found.hash_name("subtitle")
    assert hash_name(found.names_key, "ada") != found.hash_consumer("ada")
    assert found.key_id not in found.names_key.hex(), "an identifier of the key tells nothing about it"


def test_hashes_depend_on_the_secret_and_on_the_text() -> None:
    one, same, other = Pseudonyms(SECRET), Pseudonyms(SECRET), Pseudonyms(f"another {SECRET}")
    texts = ("ada", "bob", "ad\ud800a")
    for hashed in (Pseudonyms.hash_consumer, lambda found, text: found.hash_name(text)):
        hashes = [hashed(found, text) for found in (one, other) for text in texts]
        assert len(set(hashes)) == len(hashes)
        assert {len(each) for each in hashes} == {16}
        assert [hashed(same, text) for text in texts] == hashes[:3]
    assert one.key_id == same.key_id != other.key_id


def test_a_deployment_without_a_secret_has_no_pseudonyms() -> None:
    assert pseudonyms(HttpSettings(cursor_key=SecretStr(SECRET))).key_id == Pseudonyms(SECRET).key_id
    with pytest.raises(ValueError, match=r"http\.cursor_key must be set"):
        pseudonyms(HttpSettings(cursor_key=None))
