"""keys.py - q, signals and other keys, of a top on a terminal: keys.py BRKSCOPE

However it ends, the terminal is as it was before.
"""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

WITHIN = 20  # seconds
ours, theirs = pty.openpty()
before = termios.tcgetattr(theirs)


def is_plain():
    return termios.tcgetattr(theirs) == before


def read_until(text, agent):
    """What is on the screen, as far as this."""
    seen, end = b"", time.monotonic() + WITHIN
    while text not in seen:
        if agent.poll() is not None or time.monotonic() > end:
            sys.exit(f"waited in vain for {text}: {seen}")
        if select.select([ours], [], [], 0.1)[0]:
            seen += os.read(ours, 65536)
    return seen


def until(what, test):
    end = time.monotonic() + WITHIN
    while not test():
        if time.monotonic() > end:
            sys.exit(f"waited in vain for: {what}")
        while select.select([ours], [], [], 0.05)[0]:
            os.read(ours, 65536)


def start():
    agent = subprocess.Popen(
        [sys.argv[1], "top", "-l", "syscalls", "0.2"], stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    read_until(b"ledger:", agent)
    if termios.tcgetattr(theirs)[3] & (termios.ICANON | termios.ECHO):
        sys.exit("keys would be shown")
    return agent


def check_end(how, agent, status):
    until(f"the end by {how}", lambda: agent.poll() is not None)
    if agent.returncode != status:
        sys.exit(f"{how}: status {agent.returncode}")
    if not is_plain():
        sys.exit(f"{how}: the terminal is not as it was: {termios.tcgetattr(theirs)}")


AGENT = start()
os.write(ours, b"xyz\r")
read_until(b"ledger:", AGENT)
os.write(ours, b"q")
check_end("q", AGENT, 0)
for key, status in ((b"\x03", 0), (b"\x1c", -signal.SIGQUIT)):
    AGENT = start()
    os.write(ours, key)
    check_end(f"the key {key}", AGENT, status)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    AGENT = start()
    AGENT.send_signal(number)
    check_end(number.name, AGENT, 0)
# Stopped, the terminal is the shell's again; and then it is ours again.
AGENT = start()
AGENT.send_signal(signal.SIGTSTP)
read_until(b"ledger:", AGENT)  # nobody could let it go on, so it is not stopped
os.write(ours, b"q")
check_end("q after SIGTSTP", AGENT, 0)
