#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a log of events and holds every line against doc/events.schema.json.

    events.py [OPTION...] LOG...

Says each line that is wrong and fails, or how many were right.  As a module:
read(path) gives the events or raises Wrong.

Two readers of the schema agree on each line: jsonschema, where it is
installed, and a small one of our own, which knows what this schema uses."""

import argparse
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    jsonschema = None

HERE = os.path.dirname(os.path.abspath(__file__))
PLACES = (os.environ.get("WEIR_EVENTS_SCHEMA", ""),
          os.path.join(HERE, "..", "..", "doc", "events.schema.json"),
          os.path.join("doc", "events.schema.json"))


class Wrong(Exception):
    """A line, and what is wrong with it."""


# ---- the small reader --------------------------------------------------------

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def faults_of_object(value, s, root, at):
    for name in s.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    for name, others in s.get("dependentRequired", {}).items():
        for other in others if name in value else ():
            if other not in value:
                yield f"{at}: {name} is there without {other}"
    known = s.get("properties", {})
    for name, member in value.items():
        if name in known:
            yield from faults(member, known[name], root, f"{at}.{name}")
        elif s.get("additionalProperties") is False:
            yield f"{at}: {name} does not belong here"


def faults_of_size(value, s, at):
    if isinstance(value, str):
        if len(value) > s.get("maxLength", len(value)):
            yield f"{at}: {len(value)} characters"
        if not re.search(s.get("pattern", ""), value):
            yield f"{at}: {value!r} does not look like {s['pattern']}"
    elif isinstance(value, list):
        if not s.get("minItems", 0) <= len(value) <= s.get("maxItems",
                                                           len(value)):
            yield f"{at}: {len(value)} items"
    elif is_type(value, "integer"):
        if not s.get("minimum", value) <= value <= s.get("maximum", value):
            yield f"{at}: {value} is out of range"


def branch(value, choices, root):
    """Of several schemas, the one meant for this event."""
    if isinstance(value, dict):
        for c in choices:
            c = root["$defs"].get(c.get("$ref", "").rpartition("/")[2], {})
            if c.get("properties", {}).get("event") == {
                    "const": value.get("event")}:
                return c
    return None


WORDS = {"$schema", "title", "$comment", "description", "$defs", "$ref",
         "type", "const", "enum", "oneOf", "anyOf", "required",
         "dependentRequired", "properties", "additionalProperties", "items",
         "minItems", "maxItems", "maxLength", "pattern", "minimum", "maximum"}


def faults(value, s, root, at="event"):
    unknown = set(s) - WORDS
    if unknown:
        raise ValueError(f"the schema says {unknown}, which is not known here")
    if "$ref" in s:
        s = root["$defs"][s["$ref"].rpartition("/")[2]]
    if "type" in s and not is_type(value, s["type"]):
        yield f"{at}: {value!r} is no {s['type']}"
        return
    same = [v for v in [s.get("const", value)]
            if v != value or isinstance(v, bool) != isinstance(value, bool)]
    if same or value not in s.get("enum", [value]):
        yield f"{at}: {value!r} is not one of those it may be"
    choices = s.get("oneOf") or s.get("anyOf")
    if choices:
        meant = branch(value, choices, root)
        if meant:
            yield from faults(value, meant, root, at)
        elif sum(not any(faults(value, c, root, at)) for c in choices) < 1:
            yield f"{at}: {value!r} is nothing it may be"
    if isinstance(value, dict):
        yield from faults_of_object(value, s, root, at)
    if isinstance(value, list) and "items" in s:
        for i, item in enumerate(value):
            yield from faults(item, s["items"], root, f"{at}[{i}]")
    yield from faults_of_size(value, s, at)


# ---- lines -------------------------------------------------------------------

def once(pairs):
    got = dict(pairs)
    if len(got) != len(pairs):
        raise ValueError("a name twice")
    return got


class Schema:
    """doc/events.schema.json, read by both readers or by ours alone."""

    def __init__(self, path=None, own=False):
        path = path or next((p for p in PLACES if os.path.exists(p)), None)
        if not path:
            raise OSError("doc/events.schema.json is not there")
        with open(path, encoding="ascii") as f:
            self.root = json.load(f)
        self.other, self.seen = {}, set()
        if jsonschema and not own:
            kind = jsonschema.Draft202012Validator
            kind.check_schema(self.root)
            self.other = {name[6:]: kind({**self.root, "oneOf": [
                {"$ref": "#/$defs/" + name}]}) for name in self.root["$defs"]
                if name.startswith("event_")}
            self.other[None] = kind(self.root)

    def other_faults(self, event):
        """What jsonschema says.  The whole schema takes its time, so that is
        asked once for each kind, and then the part for this kind."""
        name = event.get("event") if isinstance(event, dict) else None
        if not isinstance(name, str) or name not in self.seen:
            self.seen.add(name if isinstance(name, str) else None)
            name = None
        return not self.other.get(name, self.other[None]).is_valid(event)

    def faults(self, event):
        found = list(faults(event, self.root, self.root))
        if self.other and self.other_faults(event) != bool(found):
            found.append("the two readers of the schema do not agree")
        return found

    def line(self, raw):
        """The event of a line of bytes, or Wrong."""
        if not re.fullmatch(rb"[ -~]*\n", raw):
            raise Wrong("not one line of printable ASCII")
        try:
            event = json.loads(raw, object_pairs_hook=once)
        except ValueError as e:
            raise Wrong(f"not JSON: {e}") from e
        found = self.faults(event)
        if found:
            raise Wrong("; ".join(found))
        return event


def read(path, schema=None, growing=False):
    """All events of a log.  growing: it is still written, the last line may
    have no end yet."""
    schema = schema or Schema()
    events = []
    with open(path, "rb") as f:
        for n, raw in enumerate(f, 1):
            if growing and not raw.endswith(b"\n"):
                break
            try:
                events.append(schema.line(raw))
            except Wrong as e:
                raise Wrong(f"{path}:{n}: {e}: {raw[:200]!r}") from e
    return events


def spoil(event, schema):
    """Each way to spoil an event that the schema does not see."""
    def bad(**changed):
        return schema.faults({**event, **changed})

    must = schema.root["$defs"]["event_" + event["event"]]["required"]
    for name in must:
        if not schema.faults({k: v for k, v in event.items() if k != name}):
            yield f"{event['event']} without {name}"
    for name in event:
        if not bad(**{name: {"x": 1}}):
            yield f"{event['event']}: {name} as an object"
    if not bad(zzz=1):
        yield f"{event['event']} with something more"
    if not bad(event="zzz"):
        yield "an event of no kind"


def loose(events, schema):
    """Where the schema allows more than these events have, or asks for less
    than the smallest of them has."""
    for name in sorted({e["event"] for e in events}):
        part = schema.root["$defs"]["event_" + name]
        mine = [e for e in events if e["event"] == name]
        must = set(part["required"])
        for key in part["required"]:
            must |= set(part.get("dependentRequired", {}).get(key, ()))
        for key in set(min(mine, key=len)) - must:
            yield f"{name}: {key} is always there, but not asked for"
        for key in set(part["properties"]) - {k for e in mine for k in e}:
            yield f"{name}: {key} is never there, but allowed"


def main():
    arg = argparse.ArgumentParser(description="validate a log of events")
    arg.add_argument("--schema", help="another doc/events.schema.json")
    arg.add_argument("--own", action="store_true",
                     help="without jsonschema, even if it is there")
    arg.add_argument("--growing", action="store_true",
                     help="the last line may have no end yet")
    arg.add_argument("--spoil", action="store_true",
                     help="also test the schema: spoilt events must be refused,"
                     " and it must not allow more than there is")
    arg.add_argument("--all-kinds", action="store_true",
                     help="every kind of event must be there")
    arg.add_argument("--where", action="append", default=[], metavar="KEY=VALUE",
                     help="print the events that have it; fail if none has")
    arg.add_argument("log", nargs="+")
    o = arg.parse_args()
    schema, events = Schema(o.schema, o.own), []
    try:
        for path in o.log:
            events += read(path, schema, o.growing)
    except Wrong as e:
        sys.exit(str(e))
    if o.spoil:
        fullest = {e["event"]: e for e in sorted(events, key=len)}
        unseen = [u for e in fullest.values() for u in spoil(e, schema)]
        if unseen:
            sys.exit("not refused: " + ", ".join(unseen[:10]))
        if any(loose(events, schema)):
            sys.exit("; ".join(loose(events, schema)))
    if o.all_kinds:
        kinds = {k[6:] for k in schema.root["$defs"] if k.startswith("event_")}
        seen = {e["event"] for e in events}
        if kinds != seen:
            sys.exit(f"kinds that did not come: {sorted(kinds - seen)}")
    for pair in o.where:
        key, _, value = pair.partition("=")
        events = [e for e in events if key in e and value in
                  (e[key], json.dumps(e[key]))]
    if o.where:
        for e in events:
            print(json.dumps(e))
        sys.exit(not events)
    print(f"{len(events)} events, each as the schema says")


if __name__ == "__main__":
    main()
