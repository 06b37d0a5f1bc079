"""Runs commands on every file by itself, by turns, and prints the median time of each command in ms.

each.py FOLDER COMMAND...; a command is a line of words, and gets the file as its last one.
"""

import os
import shlex
import statistics
import sys
import time
from pathlib import Path

commands = [shlex.split(line) for line in sys.argv[2:]]
times = [[] for _ in commands]
nowhere = os.open(os.devnull, os.O_WRONLY)
quiet = [(os.POSIX_SPAWN_DUP2, nowhere, 1), (os.POSIX_SPAWN_DUP2, nowhere, 2)]
files = sorted(Path(sys.argv[1]).iterdir())
for file in [files[0], *files]:
    for command, taken in zip(commands, times):
        start = time.perf_counter()
        child = os.posix_spawn(command[0], [*command, str(file)], os.environ, file_actions=quiet)
        _, status = os.waitpid(child, 0)
        taken.append((time.perf_counter() - start) * 1000)
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit(f"{shlex.join(command)} {file}: {status}")
# The first file was for warming up.
print(*(statistics.median(taken[1:]) for taken in times))
