#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every row of tests/cases/policy.tsv, asked of the real program.

A row is a test.  Each is asked twice: with --json, and for people; both must
say the same.  usage: check_cases.py WEIR CASES-FOLDER [PATTERN]
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

EXIT = {"allow": 0, "deny": 1, "defer": 3, "error": 2}
COLUMNS = ["id", "config", "question", "verdict", "rule", "reason", "why"]


def rows(folder):
    with open(os.path.join(folder, "policy.tsv"), encoding="utf-8") as f:
        if f.readline().rstrip("\n").split("\t") != COLUMNS:
            sys.exit("not ok - the columns of policy.tsv are not those known")
        for line in f:
            yield dict(zip(COLUMNS, line.rstrip("\n").split("\t")))


def ask(weir, config, words, *more):
    return subprocess.run(
        [weir, "check", "-c", config, *more, *words],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})


def fault_of_error(json_run, run):
    for r in json_run, run:
        said = r.stderr.decode()
        if r.returncode != 2:
            return f"exit {r.returncode} instead of 2"
        if r.stdout:
            return f"a verdict: {r.stdout!r}"
        if not said.startswith("weir: ") or said.count("\n") != 1:
            return f"not one sentence: {said!r}"
        if len(said) < 30:
            return f"no remedy: {said!r}"
    return None


def line_of(answer):
    """What is printed for people, but for the reason behind it."""
    rule = answer["rule"]
    if rule is None:
        by = "no rule"
    elif isinstance(rule, int):
        by = f"rule {rule}"
    else:
        by = rule
    text = f": {answer['text']}" if answer["text"] is not None else ""
    return f"{answer['verdict']:5}  {by}{text}"


def fault(row, json_run, run):
    if row["verdict"] == "error":
        return fault_of_error(json_run, run)
    wanted = EXIT[row["verdict"]]
    for r in json_run, run:
        if r.returncode != wanted:
            return (f"exit {r.returncode} instead of {wanted}: "
                    f"{(r.stdout + r.stderr).decode()!r}")
        if r.stderr:
            return f"words on stderr: {r.stderr.decode()!r}"
    answer = json.loads(json_run.stdout)
    if list(answer) != ["verdict", "rule", "text", "reason"]:
        return f"other fields: {answer}"
    rule = answer["rule"]
    shown = "null" if rule is None else str(rule)
    if answer["verdict"] != row["verdict"]:
        return f"{answer}"
    if row["rule"] not in ("-", shown):
        return f"rule {shown} instead of {row['rule']}: {answer}"
    if row["reason"] not in ("-", answer["reason"]):
        return f"reason {answer['reason']} instead of {row['reason']}"
    if (answer["reason"] is None) != (row["verdict"] != "deny"):
        return f"the reason belongs to denials: {answer}"
    by_rule = isinstance(rule, int) or str(rule).startswith("bounds ")
    if (answer["text"] is None) == by_rule:
        return f"the text belongs to rules: {answer}"
    line = run.stdout.decode()
    if not re.fullmatch(re.escape(line_of(answer)) + r"( \([a-z0-9_]+\))?\n",
                        line):
        return f"for people it is {line!r}, not {line_of(answer)!r}"
    if row["verdict"] == "deny" and not by_rule and \
            not line.endswith(f" ({answer['reason']})\n"):
        return f"no reason in {line!r}"
    return None


def main():
    weir, folder = sys.argv[1], os.path.abspath(sys.argv[2])
    only = re.compile(sys.argv[3] if len(sys.argv) > 3 else "")
    files = os.path.join(folder, "files")
    bad = n = 0
    with tempfile.TemporaryDirectory(prefix="weir-check.") as work:
        path = os.path.join(work, "weir.yaml")
        for row in rows(folder):
            if not only.search(row["id"]):
                continue
            n += 1
            with open(path, "w", encoding="utf-8") as f:
                f.write(row["config"].replace("@FILES@", files) + "\n")
            words = shlex.split(row["question"].replace("@FILES@", files))
            try:
                why = fault(row, ask(weir, path, words, "--json"),
                            ask(weir, path, words))
            except (ValueError, subprocess.TimeoutExpired) as e:
                why = str(e)
            if why:
                bad += 1
                print(f"not ok - {row['id']}: {row['why']}: {why}")
            else:
                print(f"ok - {row['id']}: {row['why']}")
    if not n:
        print("not ok - no row was asked")
    sys.exit(1 if bad or not n else 0)


main()
