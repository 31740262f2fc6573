"""terminal.py - runs a command on a terminal: terminal.py COMMAND...

Its input is typed there, its output printed, its exit status passed on.  Where
stdio's buffers have the sizes that they have for a user at a terminal, the
heap has the sizes that a user sees.
"""

import os
import pty
import select
import sys


def copy(terminal):
    """Both ways, until the command has closed its side."""
    sources = [terminal, 0]
    while True:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 4096)
            except OSError:  # EIO: nobody has the other side open any more
                return
            if source == terminal and not data:
                return
            if source == 0 and not data:
                sources.remove(0)
            else:
                os.write(terminal if source == 0 else 1, data)


def main():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    copy(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main())
