"""The version whose requests tests send that are about no version: features, proxies, faults, logs.

Tests about one version, or about two, stand below folders with their names. Before this version is removed, the others
are rewritten for its successor.
"""

from typing import Final

WIRE: Final = "v2"
