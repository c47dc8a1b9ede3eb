"""Counts, the printed report, and one SQL file per difference."""
import os
import re
from collections import Counter

import kinds
import strategies


class Report:
    """Everything that a run has to say at its end."""

    def __init__(self, seed, run_dir):
        self.seed, self.run_dir = seed, run_dir
        self.total, self.errored, self.with_rows, self.reads = Counter(), Counter(), 0, 0
        self.differences, self.unsupported, self.slow = [], Counter(), 0
        self.unsupported_example = {}

    def count(self, statement, errored, rows):
        self.total[statement.cls] += 1
        self.errored[statement.cls] += errored
        if not statement.cls.startswith("w_") and statement.cls != "failing":
            self.reads += 1
            self.with_rows += bool(rows)

    def refuse(self, outcome, where):
        """Remember a feature_not_supported that only the distributed side raised."""
        key = re.sub(r'"[^"]*"|\d+', "X", outcome.message)
        self.unsupported[key] += 1
        self.unsupported_example.setdefault(key, where)

    def differ(self, number, cls, what, step_sql, d, p, repro, shorter=None):
        """Print one difference and write its SQL file."""
        path = None
        if repro is not None:
            os.makedirs(self.run_dir, exist_ok=True)
            path = os.path.join(self.run_dir, "seed-%s-%s.sql" % (self.seed, number))
            with open(path, "w") as f:
                f.write(repro)
        self.differences.append((number, cls, what))
        print("=== difference: seed %s statement %s (%s): %s" % (self.seed, number, cls, what))
        for name, schema, out in (("distributed", "d", d), ("plain", "p", p)):
            print("--- %s: %s;" % (name, step_sql.replace("$S", schema)))
            if out is not None:
                print("    " + out.show().replace("\n", "\n    "))
        if shorter:
            print("--- reduced: %s;" % shorter)
        if path:
            print("--- reproduce: %s" % path)
        print(flush=True)

    def summary(self, statements, seconds):
        print("fuzz: %-18s %6s %8s" % ("class", "count", "errored"))
        for cls in sorted(self.total):
            print("fuzz: %-18s %6d %8d" % (cls, self.total[cls], self.errored[cls]))
        n = max(1, sum(self.total.values()))
        print("fuzz: errored equally %.1f %%, SELECTs with rows %.1f %%, too slow without shards %d, %.0f s" % (
            100.0 * sum(self.errored.values()) / n, 100.0 * self.with_rows / max(1, self.reads), self.slow, seconds))
        for key, count in self.unsupported.most_common():
            print("fuzz: unsupported %d x %s (first: %s)" % (count, key, self.unsupported_example[key]))
        for number, cls, what in self.differences:
            print("fuzz: difference at %s (%s): %s" % (number, cls, what[:160]))
        print("fuzz: seed %s: %d statements, %d differences, %d unsupported" % (
            self.seed, statements, len(self.differences), sum(self.unsupported.values())))


def repro_text(tables, extras, contents, statement, upto, planning, heading):
    """A psql script: the tables that the statement names, their rows, and the steps so far.

    `planning` has the settings of the distributed side; None distributes nothing.
    """
    steps = statement.steps[:upto + 1]
    text = " ".join(s.sql for s in steps)
    extras = extras if re.search(r"\$S\.(v1|f_|\"View Two)", text) else []
    if extras:
        text += " $S.t1 $S.t2 $S.r1 "
    names = {t.sql for t in tables if re.search(re.escape(t.sql) + r"\b|" + re.escape(t.sql) + " ", text)}
    if "$S.t2" in names or "$S.t1" in names:
        names |= {"$S.r1", "$S.t1"}
    out = ["-- " + line for line in heading.split("\n")]
    out += ["DROP SCHEMA IF EXISTS d CASCADE;", "DROP SCHEMA IF EXISTS p CASCADE;",
            "DROP SCHEMA IF EXISTS ft CASCADE;"]
    out += [x + ";" for x in kinds.TYPES_DDL] + ["CREATE SCHEMA d;", "CREATE SCHEMA p;"]
    for schema in "dp":
        made = [t for t in tables if t.sql in names]
        for t in made:
            lines = t.create()
            if schema == "d" and planning is not None and t.distribute():
                lines.append(t.distribute())
            rows = contents.get(t.sql)
            if rows:
                lines.append(t.insert([dict(zip([c.name for c in t.cols], r)) for r in rows]))
            out += [x.replace("$S", schema) + ";" for x in lines]
        for t in made:
            for name, cols, target, action in t.foreign:
                out.append("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY %s REFERENCES %s%s;".replace(
                    "$S", schema) % (t.sql.replace("$S", schema), name, cols, target.replace("$S", schema), action))
        out += [sql.replace("$S", schema) + ";" for sql, only_d, optional in extras]
    for schema in "dp":
        out.append("\\echo ==== %s" % schema)
        settings = strategies.script({}, planning or {}) if schema == "d" else strategies.script(planning or {}, {})
        out += [settings + ";"] if settings else []
        out += ["%s%s" % (s.sql.replace("$S", schema), ";" if s.data is None else ";\n" + s.data + "\\.")
                for s in steps]
    return "\n".join(out) + "\n"
