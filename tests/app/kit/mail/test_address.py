"""The canonical form of e-mail addresses."""

import pytest

from app.kit.mail.address import canonical_address


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ju\u0308rgen@example.com", "j\u00fcrgen@example.com"),
        ("dora@m\u00fcnchen.example", "dora@xn--mnchen-3ya.example"),
        ("dora@M\u00dcNCHEN.example", "dora@xn--mnchen-3ya.example"),
        ("dora@XN--MNCHEN-3YA.example", "dora@xn--mnchen-3ya.example"),
        ("dora@mu\u0308nchen\u3002example", "dora@xn--mnchen-3ya.example"),
        ("\u0130vi@example.com", "\u0130vi@example.com"),
        ("J\u00dcRGEN@example.com", "j\u00dcrgen@example.com"),
        ("\u212aim@example.com", "Kim@example.com".lower()),
        # A compatibility form is another mailbox: NFC does not fold it.
        ("\ufb01ona@example.com", "\ufb01ona@example.com"),
        ("a\u00b2@example.com", "a\u00b2@example.com"),
        ("not an address", "not an address"),
        ('"A@B"@Example.com', '"a@b"@example.com'),
        ('"a@\u00dc"@example.com', '"a@\u00dc"@example.com'),
        (" Ada@example.com\n", "ada@example.com"),
        ("a@-\u00fc-.example", "a@-\u00fc-.example"),
        ("\ud800@example.com", "\ud800@example.com"),
    ],
)
def test_spellings_of_one_mailbox_have_one_form(spelling: str, canonical: str) -> None:
    assert canonical_address(spelling) == canonical
    assert canonical_address(canonical) == canonical


def test_letters_outside_ascii_are_compared_exactly() -> None:
    assert canonical_address("\u0130@example.com") != canonical_address("i@example.com")
    assert canonical_address("\u00dc@example.com") != canonical_address("\u00fc@example.com")
