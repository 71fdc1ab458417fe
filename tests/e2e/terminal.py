#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Weir on a terminal: ^C, ^Z and fg, ^\\, pipelines, hang-up.

usage: terminal.py WEIR     prints `ok - NAME` and `not ok - NAME: why`

A shell with job control runs on a pty; we type, and wait for what appears.
"""
import os
import pty
import re
import select
import shutil
import signal
import sys
import tempfile
import time

WEIR = os.path.abspath(sys.argv[1])
HERE = tempfile.mkdtemp(prefix="weir-tty.")


class Shell:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(HERE)
            os.environ.update(PS1="$ ", TERM="dumb", WEIR=WEIR)
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.text = ""
        self.wait(r"\$ ")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, pattern, seconds=8):
        """the match of pattern in what appears; what came before is dropped"""
        end = time.monotonic() + seconds
        while True:
            m = re.search(pattern, self.text)
            if m:
                self.text = self.text[m.end():]
                return m
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"no {pattern!r} in {self.text[-200:]!r}")
            try:
                self.text += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                raise AssertionError(f"the shell ended before {pattern!r}")

    def run(self, command, pattern, seconds=8):
        self.type(command + "\n")
        self.wait(re.escape(command[-20:]) + r"\r*\n")
        return self.wait(pattern, seconds)

    def status(self):
        return int(self.run("echo st=$?", r"st=(\d+)").group(1))

    def close(self):
        os.close(self.fd)
        end = time.monotonic() + 5
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)


def interrupt(s):
    s.run("$WEIR run sh -c 'echo up; exec sleep 100'", r"up\r\n")
    s.type("\x03")
    s.wait(r"\$ ")
    assert s.status() == 130


def interrupt_handled(s):
    s.run("$WEIR run sh -c 'trap \"echo caught; exit 5\" INT; echo up; "
          "while :; do sleep 0.1; done'", r"up\r\n")
    s.type("\x03")
    s.wait(r"caught")
    s.wait(r"\$ ")
    assert s.status() == 5


def quit_key(s):
    s.run("$WEIR run sh -c 'ulimit -c 0; echo up; exec sleep 100'", r"up\r\n")
    s.type("\x1c")
    s.wait(r"\$ ")
    assert s.status() == 131


def stop_and_continue(s):
    s.run("$WEIR run sh -c 'echo up; read x; echo got $x; exit 3'", r"up\r\n")
    s.type("\x1a")
    s.wait(r"Stopped")
    s.run("jobs; echo shell", r"shell\r\n")
    s.run("fg", r"WEIR run")
    s.type("hello\n")
    s.wait(r"got hello")
    s.wait(r"\$ ")
    assert s.status() == 3


CMD = """
import signal, sys
signal.signal(signal.SIGCONT, lambda *_: print("continued", flush=True))
print("up", flush=True)
input()
sys.exit(4)
"""


def stop_twice(s):
    with open(f"{HERE}/cmd.py", "w") as f:
        f.write(CMD)
    s.run("$WEIR run /usr/bin/python3 cmd.py", r"up\r\n")
    for _ in range(2):
        s.type("\x1a")
        s.wait(r"Stopped")
        s.run("fg", r"continued")
    s.type("x\n")
    s.wait(r"\$ ")
    assert s.status() == 4


def background_then_foreground(s):
    s.run("$WEIR run sh -c 'read x; echo got $x' & sleep 0.3; echo now", r"now\r\n")
    s.run("fg", r"WEIR run")
    s.type("later\n")
    s.wait(r"got later")
    s.wait(r"\$ ")


def foreground_group(s):
    s.run("$WEIR run sh -c 'ps -o pgid= -o tpgid= -p $$'; echo end",
          r"\s(\d+)\s+\1\s*\r\n")
    s.wait(r"end")


def shell_inside(s):
    # a prompt of its own: a late one must not be taken for the outer shell's
    s.run("PS1='in> ' $WEIR run bash --norc -i", r"in> ")
    s.run("sh -c 'echo up; exec sleep 100'", r"up\r\n")
    s.type("\x1a")
    s.wait(r"Stopped")
    # bash does not exit while it knows of a job that is stopped
    s.run("kill -KILL %1; disown -a; echo inside", r"inside\r\n")
    s.run("exit 6", r"\$ ")
    got = s.status()
    assert got == 6, f"status {got}"


def pipeline(s):
    s.run("$WEIR run sh -c 'echo one; echo two' | (read a; read b </dev/tty; "
          "echo $a-$b)", r"")
    s.type("typed\n")
    s.wait(r"one-typed")
    s.wait(r"\$ ")


def pipeline_interrupt(s):
    s.run("$WEIR run sh -c 'echo up >&2; exec sleep 100' | cat", r"up\r\n")
    s.type("\x03")
    s.wait(r"\$ ")
    assert s.status() in (0, 130)


def terminal_comes_back(s):
    s.run("$WEIR run true; tty >/dev/null && read x && echo read $x", r"")
    s.type("line\n")
    s.wait(r"read line")


def is_alive(pid):
    try:
        return ") Z" not in open(f"/proc/{pid}/stat").read()
    except OSError:  # it went while we looked
        return False


def hang_up(s):
    m = s.run("$WEIR run sh -c 'echo up; exec sleep 100' & wait & echo p=$!; "
              "fg %1", r"p=\d+")
    s.wait(r"up")
    kids = open(f"/proc/{s.pid}/task/{s.pid}/children").read().split()
    assert kids, m
    s.close()
    end = time.monotonic() + 2
    while any(is_alive(k) for k in kids):
        assert time.monotonic() < end, "still there a second after the hang-up"
        time.sleep(0.01)


CASES = [
    ("^C ends CMD, 130", interrupt),
    ("^C reaches a handler once", interrupt_handled),
    ("^\\ ends CMD, 131", quit_key),
    ("^Z stops, fg continues", stop_and_continue),
    ("^Z works again", stop_twice),
    ("a job of the background comes to the foreground", background_then_foreground),
    ("CMD's group is the foreground", foreground_group),
    ("an interactive shell has job control", shell_inside),
    ("in a pipeline the others keep the terminal", pipeline),
    ("^C ends a pipeline", pipeline_interrupt),
    ("the terminal comes back at the end", terminal_comes_back),
    ("a hang-up ends everything", hang_up),
]

failed = 0
for name, case in CASES:
    shell = Shell()
    try:
        case(shell)
        print(f"ok - terminal: {name}", flush=True)
    except (AssertionError, OSError) as e:
        failed += 1
        print(f"not ok - terminal: {name}: {e or 'not as expected'}".replace("\n", " "),
              flush=True)
    if case is not hang_up:
        shell.close()
shutil.rmtree(HERE)
sys.exit(failed > 0)
