"""The canonical form of an e-mail address: two spellings of one mailbox have the same one.

It identifies users: in the unique index, at sign-in, in the limits on guessing, and for mailed tokens. Mail is sent to
the address as entered.
"""

import unicodedata

import idna


def canonical_address(address: str) -> str:
    """The address in NFC, with the domain as a lower-case A-label (UTS 46).

    ASCII letters of the local part compare without case, every other character exactly: a server that distinguishes
    ``I`` from ``i`` is not found in practice, but U+0130, whose lower-case form contains ``i``, is another mailbox.
    Any text has a canonical form, so that sign-in treats an impossible address like an unknown one.
    """
    local, separator, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    return f"{_lower_ascii(local)}{separator}{_a_label(domain)}"


def _lower_ascii(text: str) -> str:
    return "".join(character.lower() if character.isascii() else character for character in text)


def _a_label(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        return domain.lower()
