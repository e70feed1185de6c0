"""The version whose requests tests send that are about no version: features, proxies, faults, logs.

Before this version is removed, these tests are rewritten for its successor. Tests about one version, and those about two,
stand below folders with their names.
"""

from typing import Final

WIRE: Final = "v2"
