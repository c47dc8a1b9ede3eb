"""Run a statement on one side and compare the outcomes of two sides."""
import re
import time
from collections import Counter
from decimal import Decimal

import psycopg2
import psycopg2.extensions as ext

import strategies

# every value arrives as the server's own text
_RAW = ext.new_type(tuple(range(16, 6000)), "RAW", lambda text, cur: text)
FLOAT_OIDS = (700, 701)
NUMERIC_OID = 1700


class Outcome:
    """What one side answered: rows and tag, or SQLSTATE and primary message."""

    def __init__(self):
        self.tag, self.names, self.types, self.rows = None, None, None, None
        self.fields, self.notices = [], []
        self.code, self.message, self.detail, self.lost, self.seconds = None, None, None, False, 0.0

    def failed(self):
        return self.code is not None or self.lost

    def show(self, limit=12):
        if self.lost:
            return "CONNECTION LOST: %s" % self.message
        if self.code:
            return "ERROR %s: %s%s" % (self.code, self.message,
                                       "\n    DETAIL: " + self.detail if self.detail else "")
        out = ["%s%s" % (self.tag, "" if self.rows is None else " (%d rows) %s" % (len(self.rows), self.names))]
        for r in (self.rows or [])[:limit]:
            out.append("    " + repr(r))
        return "\n".join(out)


class Side:
    """One connection that speaks for schema d or p."""

    def __init__(self, dsn, schema, timeout):
        self.dsn, self.schema, self.timeout, self.conn = dsn, schema, timeout, None
        self.settings, self.unqualified, self.planning = [], False, {}
        self.connect()

    def connect(self, patience=60):
        """Connect, waiting out a crash recovery for at most `patience` seconds."""
        end = time.time() + patience
        while not self._try_connect():
            if time.time() > end:
                raise psycopg2.OperationalError("no connection: " + self.dsn)
            time.sleep(0.5)

    def _try_connect(self):
        try:
            self.conn = psycopg2.connect(self.dsn)
            self.conn.autocommit = True
            ext.register_type(_RAW, self.conn)
            for setting in ("statement_timeout = '%ds'" % self.timeout, "timezone = 'UTC'",
                            "client_min_messages = notice"):
                self.conn.cursor().execute("SET " + setting)
            return True
        except psycopg2.Error:
            return False

    def begin_epoch(self, secured, unqualified, work_mem):
        """What holds for the statements of an epoch: role, search path, memory."""
        self.unqualified = unqualified
        self.settings = ["SET work_mem = '%s'" % work_mem]
        if unqualified:
            self.settings.append("SET search_path = %s, public" % self.schema)
        if secured:
            self.settings.append("SET ROLE fuzz_role")
        self.resume_epoch()

    def resume_epoch(self):
        for sql in self.settings + [strategies.script({}, self.planning)]:
            if sql:
                self.run(sql)

    def plan_with(self, planning):
        """Settings of the planner, for the statements from here on."""
        change = strategies.script(self.planning, planning)
        self.planning = planning
        if change:
            self.run(change)

    def end_epoch(self):
        self.plan_with({})
        for sql in ("RESET ROLE", "RESET search_path", "RESET work_mem"):
            self.run(sql)
        self.settings, self.unqualified = [], False

    def text(self, template):
        if self.unqualified:
            template = template.replace("$S.", "")
        return template.replace("$S", self.schema)

    def run(self, template, data=None):
        """Execute; `data` is the input of a COPY FROM STDIN."""
        out, began = Outcome(), time.time()
        del self.conn.notices[:]
        cur = self.conn.cursor()
        try:
            sql = self.text(template)
            if sql.startswith("COPY "):
                import io
                buf = io.StringIO(data or "")
                cur.copy_expert(sql, buf)
                if data is None:
                    out.names, out.types = ("line",), (25,)
                    out.rows = [(x,) for x in buf.getvalue().split("\n")[:-1]]
            else:
                cur.execute(sql)
                if cur.description is not None:
                    out.names = tuple(c.name for c in cur.description)
                    out.types = tuple(c.type_code for c in cur.description)
                    out.rows = cur.fetchall()
            out.tag = cur.statusmessage
        except psycopg2.Error as e:
            out.code, out.message = e.pgcode, (e.diag.message_primary or str(e)).strip()
            out.detail = e.diag.message_detail
            out.fields = [e.diag.severity, e.diag.message_detail, e.diag.message_hint, e.diag.constraint_name,
                          e.diag.table_name, e.diag.column_name, e.diag.datatype_name]
            out.lost = self.conn.closed != 0 or e.pgcode is None and "closed" in str(e)
        out.notices = [normal_message(n) for n in self.conn.notices]
        out.seconds = time.time() - began
        return out

    def idle(self):
        """Leave any transaction that a statement left open."""
        if not self.conn.closed and self.conn.get_transaction_status() != ext.TRANSACTION_STATUS_IDLE:
            self.run("ROLLBACK")

    def close(self):
        if self.conn is not None:
            self.conn.close()


def normal_message(text):
    """The message without what must differ: the schema name."""
    return re.sub(r'\b[dp]\.', "$S.", re.sub(r'schema "?[dp]"?\b', "schema $S", text or ""))


def _canon(value, oid, loose):
    """A value in the form that is compared."""
    if value is None:
        return None
    if oid == NUMERIC_OID and loose:
        try:
            return str(Decimal(value).normalize())
        except ArithmeticError:
            return value
    if oid in FLOAT_OIDS and loose:
        return "%.9g" % float(value)
    if loose and "." in value:
        return re.sub(r"\.0+\b|(\.\d*?[1-9])0+\b", r"\1", value)
    return value


def canon_rows(out, loose):
    return [tuple(_canon(v, t, loose) for v, t in zip(r, out.types)) for r in out.rows]


def difference(d, p, step):
    """None when the outcomes agree, else one line that says what differs."""
    if d.lost or p.lost:
        return "connection lost"
    if d.failed() or p.failed():
        return _error_difference(d, p, step)
    if d.notices != p.notices:
        return "notices %s instead of %s" % (d.notices, p.notices)
    if d.tag != p.tag and not (step.tag_free and d.tag.split()[0] == p.tag.split()[0]):
        return "command tag %s instead of %s" % (d.tag, p.tag)
    if (d.rows is None) != (p.rows is None):
        return "one side returned no result set"
    if d.rows is None:
        return None
    if d.names != p.names:
        return "column names %s instead of %s" % (d.names, p.names)
    return _row_difference(canon_rows(d, step.loose), canon_rows(p, step.loose), step)


def _error_difference(d, p, step):
    if d.failed() and p.failed() and step.any_violation and d.code[:2] == p.code[:2]:
        return None
    if d.code == p.code and normal_message(d.message) == normal_message(p.message):
        pair = [[normal_message(f) for f in out.fields] for out in (d, p)]
        if any(f[1].startswith(("Failing row contains", "Key ")) for f in pair):
            # how much of the row a role may see follows from its rights on the shard table
            pair = [f[:1] + f[3:] for f in pair]
        return None if pair[0] == pair[1] else "error fields %s instead of %s" % tuple(pair)
    return "error %s instead of %s" % (d.code or "none", p.code or "none")


def _row_difference(drows, prows, step):
    a, b = Counter(drows), Counter(prows)
    if a != b:
        more, less = a - b, b - a
        return "rows differ: %d unexpected %s, %d missing %s" % (
            sum(more.values()), list(more)[:2], sum(less.values()), list(less)[:2])
    if step.order:
        for x, y in zip(drows, prows):
            if [x[i] for i in step.order] != [y[i] for i in step.order]:
                return "order differs: %s instead of %s" % (x, y)
    return None
