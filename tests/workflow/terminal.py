"""A program in a terminal of its own: what it shows, what is typed, and the keys that interrupt."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

# the child takes the terminal as its own, so that Ctrl-C reaches it as it would reach a user's program, also where the
# tests run in the background, which has programs ignore it
_START = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """One run of the command `naturalistic` in a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = os.openpty()
        command = [sys.executable, "-m", "naturalistic", *arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            cwd=Path.cwd(),
        )
        os.close(slave)
        self.shown = ""

    def expect(self, text: str, timeout: float = 60.0) -> str:
        """Read until a text is on the screen; everything that was shown up to it and not yet expected."""
        end = time.monotonic() + timeout
        while text not in self.shown:
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"{text!r} was not shown: {self.shown!r}")
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def send(self, keys: str) -> None:
        """Type keys."""
        os.write(self.master, keys.encode())

    def interrupt(self, timeout: float = 60.0) -> tuple[int, str]:
        """Press Ctrl-C, again if nothing comes of it, as people do; exit code, and what was shown last.

        A press between the prompt and the wait for its answer is seen by Python only when the next key arrives.
        """
        end = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < end:
            self.send("\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=2.0)
        return self.close(timeout=0.0)

    def close(self, timeout: float = 60.0) -> tuple[int, str]:
        """Exit code, and what was shown last."""
        end = time.monotonic() + timeout
        while self._read(end - time.monotonic()):
            pass
        os.close(self.master)
        return self.process.wait(timeout=10), self.shown

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, timeout))
        if not ready:
            return False
        try:
            held = os.read(self.master, 65536)
        except OSError:  # Linux ends a terminal nobody holds any more with an error
            return False
        self.shown += held.decode("utf-8", errors="replace").replace("\r\n", "\n")
        return bool(held)
