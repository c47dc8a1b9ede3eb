#!/usr/bin/python3
"""Differential test: generated statements on distributed tables and on plain copies.

    fuzz.py --seed S --count N --dsn-dist DSN [--dsn-plain DSN] [--no-distribute]

Schema d holds the tables that are distributed, schema p their plain copies.
The last line is `fuzz: seed S: N statements, D differences, U unsupported`;
the exit status is 0 only without differences.
"""
import argparse
import random
import sys
import time
from collections import Counter

import compare
import kinds
import statements
import strategies
import tables as shapes
from compare import Side, difference
from reduce import Reducer
from report import Report, repro_text
from writes import Step

PLANTS = {
    "row": "DELETE FROM $S.t4 WHERE id % 5 = 3",
    "null": "UPDATE $S.t2 SET b = NULL WHERE id % 3 = 0",
    "value": "UPDATE $S.r1 SET a = a + 1",
    "duplicate": "INSERT INTO $S.t4 (k, id, b) SELECT k, id, b FROM $S.t4 WHERE id % 4 = 1",
}


class Fatal(Exception):
    """The tables of an epoch cannot be made."""


class Fuzzer:
    """One run: two sides, the tables of the current epoch, and the report."""

    def __init__(self, args):
        self.args = args
        self.d = Side(args.dsn_dist, "d", args.timeout)
        self.p = Side(args.dsn_plain or args.dsn_dist, "p", args.timeout)
        self.report = Report(args.seed, args.run_dir)
        self.copies, self.dead_copies = None, False
        self.coordinator = self.d
        if args.from_node is not None:
            host, port = self.d.run("SELECT host, port FROM shardlite.node WHERE node_id = %d" % args.from_node).rows[0]
            self.worker = Side("%s host=%s port=%s" % (args.dsn_dist, host, port), "d", args.timeout)
        self.seen, self.extras = Counter(), []
        self.tables, self.views, self.contents, self.epoch_no = None, None, {}, None
        self.strategies = []

    # ---- tables
    def build(self, epoch):
        """Make the tables of an epoch anew on both sides."""
        self.epoch_no = epoch
        self.d = self.coordinator
        rng = random.Random("%s/epoch %s" % (self.args.seed, epoch))
        self.tables = [t for t in shapes.build(rng) if t.place != "local" or self.args.from_node is None]
        self._clear()
        if not self.args.no_distribute:
            self.d.run("SET shardlite.shard_count = %d" % rng.choice([1, 2, 4, 8, 8, 32]))
        steps = shapes.setup_steps(self.tables, rng, not self.args.no_distribute)
        self.altered = shapes.alterations(self.tables, rng)
        self.views, self.extras = shapes.views(self.tables, rng)
        if self.args.from_node is not None:
            self.views, self.extras = [], []
        secured = rng.random() < 0.3
        for sql, only_d, optional in steps + self.altered + self.extras + (
                shapes.policies(self.tables) if secured else []):
            self._setup_step(sql, only_d, optional)
        if self.args.no_distribute:
            self._disturb()
        if self.args.from_node is not None:
            self.d = self.worker
        unqualified = rng.random() < 0.25
        work_mem = rng.choice(["4MB", "4MB", "64kB"])
        self.p.begin_epoch(secured, unqualified, work_mem)
        self.d.begin_epoch(secured, unqualified, work_mem)
        self.strategies = strategies.all_of(self.d)
        if self.args.plant:
            self._must(self.d, "RESET ROLE")
            self._must(self.d, PLANTS[self.args.plant])
        for t in self.tables:
            self.contents[t.sql] = self._must(self.p, "SELECT * FROM " + t.sql).rows
            if not self.args.plant:
                self.check_table(t, "setup of epoch %s" % epoch, None)

    def _clear(self):
        for side in (self.d, self.p) + ((self.worker,) if self.args.from_node is not None else ()):
            side.end_epoch()
        sides = [self.d] if not self.args.dsn_plain else [self.d, self.p]
        for side in sides:
            for schema in ("d", "p", "ft"):
                self._must(side, "DROP SCHEMA IF EXISTS %s CASCADE" % schema)
            for sql in kinds.TYPES_DDL:
                self._must(side, sql)
            side.run("CREATE ROLE fuzz_role")
        self._must(self.d, "CREATE SCHEMA d")
        self._must(self.p, "CREATE SCHEMA p")

    def _disturb(self):
        """Plain against plain: another row order and other plans, to find answers that depend on them."""
        for t in self.tables:
            self._must(self.d, "UPDATE %s SET b = b WHERE id %% 3 > 0" % t.sql)
            self._must(self.d, "ANALYZE " + t.sql)
        for name in ("enable_hashjoin", "enable_hashagg", "enable_memoize", "enable_indexscan"):
            self._must(self.d, "SET %s = off" % name)

    def _must(self, side, sql):
        out = side.run(sql)
        if out.failed():
            raise Fatal("%.300s\n%s" % (side.text(sql), out.show()))
        return out

    def _setup_step(self, sql, only_d, optional):
        d = self.d.run(sql)
        if not d.failed():
            if not only_d:
                self._must(self.p, sql)
            return
        if not optional:
            raise Fatal("%.300s\n%s" % (self.d.text(sql), d.show()))
        if d.code == "0A000":
            self.report.refuse(d, "setup of epoch %s" % self.epoch_no)
        else:
            self.report.differ("setup-%s" % self.epoch_no, "setup", "setup step failed", sql, d, None, None)

    def check_table(self, t, number, statement):
        """Compare a table's whole contents; remember the plain ones for repro files."""
        step = Step("SELECT * FROM " + t.sql)
        step.loose = statement is not None and any(c.kind == "numx" for x in self.tables for c in x.cols)
        d, p = self.d.run(step.sql), self.p.run(step.sql)
        what = difference(d, p, step) or self._copy_difference(t)
        if what is None:
            self.contents[t.sql] = p.rows
            return True
        repro = None
        if statement is not None:
            repro = self._repro(statement, len(statement.steps) - 1, "contents of %s: %s" % (t.sql, what))
        self.report.differ(number, statement.cls if statement else "setup",
                           "contents of %s: %s" % (t.sql, what),
                           statement.steps[-1].sql if statement and len(statement.steps) == 1 else step.sql,
                           d, p, repro)
        return False

    def _copy_difference(self, t):
        """All copies of a reference table are the same: one line if they are not."""
        if t.place != "ref" or self.args.no_distribute or self.dead_copies:
            return None
        if self.copies is None:
            self._connect_copies()
        answers = [side.run("SELECT x::text FROM %s AS x ORDER BY 1" % t.sql).rows for side in self.copies]
        if self.copies and any(rows != answers[0] for rows in answers):
            return "copies on nodes differ: %s rows" % [None if r is None else len(r) for r in answers]
        return None

    def _connect_copies(self):
        nodes = self.d.run("SELECT host, port FROM shardlite.node ORDER BY node_id")
        self.copies = []
        if nodes.failed() or len(nodes.rows) < 2:
            self.dead_copies = True
            return
        for host, port in nodes.rows:
            self.copies.append(Side("%s host=%s port=%s" % (self.args.dsn_dist, host, port), "d", self.args.timeout))

    def _repro(self, statement, upto, heading):
        return repro_text(self.tables, self.extras, self.contents, statement, upto,
                          None if self.args.no_distribute else self.d.planning, heading)

    # ---- statements
    def run_statement(self, statement):
        """Run every step on both sides; returns False when the sides may have diverged."""
        self.d.plan_with(strategies.choose(self.strategies, self.args.seed, statement.number))
        errored, rows, agreed = False, 0, True
        for i, step in enumerate(statement.steps):
            d, p, clean = self._both(statement, step)
            if p.code == "57014":
                self.report.slow += 1
                agreed = clean
                break
            what = difference(d, p, step)
            if d.lost or p.lost:
                self._reconnect()
                clean = False
            if what is None:
                errored = errored or d.failed()
                if d.failed() and self.args.show_errors:
                    print("error in %d (%s): %s: %s" % (statement.number, statement.cls, d.show(), step.sql))
                rows += len(d.rows or ())
                continue
            agreed = clean
            if d.code == "0A000":
                self.report.refuse(d, "statement %d" % statement.number)
            else:
                heading = "seed %s statement %s (%s): %s" % (self.args.seed, statement.number, statement.cls, what)
                shorter = self._reduced(statement, step, d, p)
                if shorter:
                    heading += "\nreduced: " + shorter
                self.report.differ(statement.number, statement.cls, what, step.sql, d, p,
                                   self._repro(statement, i, heading), shorter)
            break
        self.report.count(statement, errored, rows)
        self._settle(statement)
        return agreed

    def _reduced(self, statement, step, d, p):
        """A shorter statement with the same difference; the first three of a kind only."""
        kind = Reducer.signature(d, p)
        self.seen[kind] += 1
        if self.args.no_reduce or len(statement.steps) > 1 or self.seen[kind] > 3 or kind == "lost":
            return None
        return Reducer(self.d, self.p, step, kind, self.args.reduce_seconds).run()

    def _both(self, statement, step):
        """(distributed, plain, clean): clean is False when only one side may have changed."""
        if not statement.writes():
            p = self.p.run(step.sql, step.data)
            return self.d.run(step.sql, step.data), p, True
        inside = self.p.conn.get_transaction_status() != compare.ext.TRANSACTION_STATUS_IDLE
        d = self.d.run(step.sql, step.data)
        guard = d.failed() and not inside and step.write
        if guard:
            self.p.run("BEGIN")
        p = self.p.run(step.sql, step.data)
        if guard:
            self.p.run("ROLLBACK")
        return d, p, d.failed() or inside

    def _reconnect(self):
        """A server crashed: both connections may be gone, one without knowing it yet."""
        for side in (self.d, self.p):
            side.close()
            side.connect()
            side.resume_epoch()

    def _settle(self, statement):
        for side in (self.d, self.p):
            if side.conn.closed:
                side.connect()
                side.resume_epoch()
            side.idle()
            if statement.cls.endswith("prepared"):
                side.run("DEALLOCATE ALL")
                side.run("RESET plan_cache_mode")

    def explain(self, statement):
        """EXPLAIN of what worked must work, too."""
        step = statement.steps[0]
        if self.args.no_distribute or statement.number % 8 or len(statement.steps) > 1 or step.write \
                or step.sql.startswith("COPY"):
            return
        out = self.d.run("EXPLAIN (%s) %s" % (
            "ANALYZE, VERBOSE" if statement.number % 16 else "VERBOSE, FORMAT json", step.sql))
        if out.failed() and not self.d.run(step.sql).failed():
            self.report.differ(statement.number, statement.cls, "EXPLAIN fails", step.sql, out, None, None)
            self._settle(statement)

    def after_write(self, statement):
        """Compare the tables that the statement names; True when all agree."""
        text = " ".join(s.sql for s in statement.steps)
        touched = [t for t in self.tables if t.sql in text or t.name == "t2" and "$S.r1" in text
                   or t.name == "t2" and "$S.t1" in text]
        return all([self.check_table(t, statement.number, statement) for t in touched])

    def run(self):
        a = self.args
        wanted = a.only if a.only is not None else None
        first = (wanted // a.epoch_size) * a.epoch_size if wanted is not None else a.start
        last = wanted + 1 if wanted is not None else a.start + a.count
        done = 0
        for number in range(first, last):
            epoch = number // a.epoch_size
            if epoch != self.epoch_no:
                self.build(epoch)
            statement = statements.make(self.tables, self.views, a.seed, number, a.classes)
            if wanted is not None and number != wanted and (not statement.writes() or a.no_replay):
                continue
            if a.verbose:
                for s in statement.steps:
                    print("-- %d %s: %s;" % (number, statement.cls, s.sql.replace("$S", "d")), flush=True)
            agreed = self.run_statement(statement)
            if agreed:
                self.explain(statement)
            if not agreed or statement.writes() and not self.after_write(statement):
                self.build(epoch)
            done += 1
            if len(self.report.differences) >= a.max_failures:
                print("fuzz: stopped after %d differences" % len(self.report.differences))
                break
        return done


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seed", default="1")
    ap.add_argument("--count", type=int, default=2000)
    ap.add_argument("--start", type=int, default=0, help="first statement number")
    ap.add_argument("--dsn-dist", "--dsn", required=True)
    ap.add_argument("--dsn-plain", help="default: the same database as --dsn-dist")
    ap.add_argument("--no-distribute", action="store_true", help="leave schema d plain, too")
    ap.add_argument("--from-node", type=int, metavar="ID",
                    help="send statements to this node; DDL goes to --dsn-dist, without local tables and views")
    ap.add_argument("--only", type=int, help="run one statement (after the writes before it in its epoch)")
    ap.add_argument("--no-replay", action="store_true", help="with --only: skip the writes before it")
    ap.add_argument("--epoch-size", type=int, default=200, help="statements per set of tables")
    ap.add_argument("--classes", type=lambda s: s.split(","), help="only these statement classes")
    ap.add_argument("--max-failures", type=int, default=20)
    ap.add_argument("--timeout", type=int, default=30, help="statement_timeout in seconds")
    ap.add_argument("--no-reduce", action="store_true", help="do not shorten statements that differ")
    ap.add_argument("--reduce-seconds", type=int, default=15, help="time to shorten one statement")
    ap.add_argument("--run-dir", default="tmp_check/fuzz")
    ap.add_argument("--plant", choices=sorted(PLANTS), help="plant a difference (self-test)")
    group = ap.add_mutually_exclusive_group()
    group.add_argument("--fail-on-unsupported", action="store_true")
    group.add_argument("--allow-unsupported", action="store_true", help="the default")
    ap.add_argument("--show-errors", action="store_true", help="print errors that both sides agree on")
    ap.add_argument("--verbose", action="store_true")
    return ap.parse_args()


def main():
    args = arguments()
    began = time.time()
    fuzzer = Fuzzer(args)
    done = 0
    try:
        done = fuzzer.run()
    except Fatal as e:
        print("=== cannot make the tables: %s" % e)
        fuzzer.report.differences.append(("setup", "setup", str(e).split("\n")[-1]))
    fuzzer.report.summary(done, time.time() - began)
    failed = fuzzer.report.differences or args.fail_on_unsupported and fuzzer.report.unsupported
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
