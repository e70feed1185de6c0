"""CPU time of another process: unlike elapsed time, it hardly depends on the load of the machine."""

import os
from pathlib import Path
from typing import Final

_USER_TIME: Final = 11
_SYSTEM_TIME: Final = 12
"""Positions after the command name. proc_pid_stat(5) counts from 1 and from the pid: 14 and 15."""


def with_children(pid: int) -> list[int]:
    """The process, its children and theirs."""
    found = [pid]
    for parent in found:
        for file in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in file.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads: in nanoseconds where the kernel has scheduler statistics, else in ticks of 10 ms."""
    threads = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    if threads:
        return sum(int(path.read_text().split()[0]) for path in threads) / 1e9
    return ticks(Path(f"/proc/{pid}/stat").read_text()) / os.sysconf("SC_CLK_TCK")


def ticks(stat: str) -> int:
    """User and system ticks from the text of ``/proc/<pid>/stat``; the command name may contain any character."""
    fields = stat[stat.rindex(")") + 1 :].split()
    return int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
