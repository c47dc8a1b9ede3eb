"""Shorten a statement while the two sides still differ in the same way.

Works on tokens, without a parser: drop balanced pieces, keep a sub-SELECT as
the whole statement, replace a parenthesis by a constant.  What plain
PostgreSQL rejects is no candidate.
"""
import re
import time

from compare import difference, normal_message
from writes import Step

TOKEN = re.compile(r"""\s*((?:'(?:[^']|'')*'|"(?:[^"]|"")*"|\$S\.(?:"[^"]*"|\w+)|[\w$]+)
                   (?:\.(?:"[^"]*"|\w+|\*))*(?:::[\w.]+(?:\(\d+(?:,\d+)?\)|\[\])?)*
                   |::[\w.]+(?:\[\])?|[-<>=!~@|&?*+/%^#]+|.)""", re.X | re.S)
# without a total order these make an answer that is free to differ
ORDERED = re.compile(r"\b(LIMIT|OFFSET|DISTINCT ON|row_number|ntile|lag|lead|first_value|last_value|array_agg|"
                     r"string_agg|ROWS|FOR UPDATE|SKIP)\b")


def tokens(sql):
    return [t for t in TOKEN.findall(sql) if t.strip()]


def join(parts):
    return " ".join(parts)


def _balanced(parts):
    depth = 0
    for t in parts:
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(t, 0)
        if depth < 0:
            return False
    return depth == 0


def _closing(parts, start):
    depth = 0
    for i in range(start, len(parts)):
        depth += {"(": 1, ")": -1}.get(parts[i], 0)
        if depth == 0:
            return i
    return None


def candidates(parts):
    """Shorter variants, the most promising first."""
    n = len(parts)
    groups = [(i, _closing(parts, i)) for i, t in enumerate(parts) if t == "("]
    for i, end in groups:
        if end and parts[i + 1] in ("SELECT", "WITH"):
            yield parts[i + 1:end]
    size = n // 2
    while size >= 1:
        i = 0
        while i + size <= n:
            if _balanced(parts[i:i + size]):
                yield parts[:i] + parts[i + size:]
            i += max(1, size // 3)
        size = size // 2 if size > 12 else size - 1
    for i, end in groups:
        if end and end > i + 1:
            yield parts[:i] + parts[i + 1:end] + parts[end + 1:]
            for word in ("1", "NULL", "true"):
                yield parts[:i] + [word] + parts[end + 1:]


class Reducer:
    """Tries candidates on the two sides until none helps or time is up."""

    def __init__(self, d, p, step, first, budget):
        self.d, self.p, self.step, self.budget = d, p, step, budget
        self.kind = first

    @staticmethod
    def signature(d, p):
        """What must stay the same: the error pair, or that rows differ."""
        if d.lost:
            return "lost"
        if d.failed() or p.failed():
            return (d.code, re.sub(r'"[^"]*"|\d+', "X", normal_message(d.message)), p.code)
        return "rows"

    def _fails(self, sql, orders):
        if ORDERED.search(sql) and sql.count("ORDER BY") < orders:
            return False
        step = Step(sql, None)
        step.loose = self.step.loose
        sides = []
        for side in (self.p, self.d):
            if self.step.write:
                side.run("BEGIN")
            sides.append(side.run(sql))
            if self.step.write:
                side.run("ROLLBACK")
            if side.conn.closed:
                side.connect()
            side.idle()
        p, d = sides
        return difference(d, p, step) is not None and self.signature(d, p) == self.kind

    def run(self):
        parts = tokens(self.step.sql)
        end = time.time() + self.budget
        orders = self.step.sql.count("ORDER BY")
        if not self._fails(join(parts), orders):
            return None
        moved = True
        while moved and time.time() < end:
            moved = False
            for shorter in candidates(parts):
                if time.time() > end:
                    break
                if shorter and len(shorter) < len(parts) and self._fails(join(shorter), orders):
                    parts, moved = shorter, True
                    break
        return join(parts)
