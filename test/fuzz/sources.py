"""FROM items, joins and sub-SELECTs: what puts columns in scope."""
from exprs import Col, ExprGen
from kinds import SQL_TYPE

HASHABLE = ["i2", "i4", "i8", "dom", "txt", "vc", "uuid", "date", "ts", "tstz", "en", "num", "numx", "bool"]


class Item:
    """A FROM item or join: SQL, columns in scope, and refs that make its rows unique.

    Where a row is not unique, rows that tie on `uniq` are identical in scope.
    """

    def __init__(self, sql, cols, uniq, aliases=()):
        self.sql, self.cols, self.uniq, self.aliases = sql, cols, uniq, list(aliases)
        self.where, self.tables = None, []


class SourceGen(ExprGen):
    """FROM half of the generator."""

    def __init__(self, rng, tables):
        super().__init__(rng, tables)
        self.ctes, self.views = [], []

    # ---- single items
    def table(self):
        if self.views and self.maybe(0.06):
            return self.pick(self.views)
        weights = {"dist": 5, "ref": 2, "single": 1, "local": 1}
        return self.rng.choices(self.tables, [weights[t.place] for t in self.tables])[0]

    def base(self, table=None, only=True):
        """A table under a fresh alias."""
        t = table or self.table()
        a = self.alias()
        cols = [Col("%s.%s" % (a, c.name), c.kind, c.name == t.key) for c in t.cols]
        uniq = ["%s.%s" % (a, n) for n in t.pk] or [c.ref for c in cols]
        word = "ONLY " if only and self.maybe(0.02) and not t.partition else ""
        tail = ""
        if only and self.maybe(0.03) and t.place != "view":
            tail = " TABLESAMPLE %s (100)" % self.pick(["BERNOULLI", "SYSTEM"])
        elif only and self.maybe(0.05):
            # column aliases; the names of the table's other columns must not come back
            tail = "(%s)" % ", ".join("x%d" % i for i in range(len(t.cols)))
            renamed = {c.name: "x%d" % i for i, c in enumerate(t.cols)}
            cols = [Col("%s.%s" % (a, renamed[c.name]), c.kind, c.name == t.key) for c in t.cols]
            uniq = ["%s.%s" % (a, renamed[n]) for n in t.pk] or [c.ref for c in cols]
        item = Item("%s%s AS %s%s" % (word, t.sql, a, tail), cols, uniq, [a])
        if t.place != "view" and not t.partition:
            item.tables = [(a, t.sql)]
        return item

    def derived(self, depth, outer=(), lateral=False):
        """A sub-SELECT in FROM."""
        sql, out = self.select(depth, outer=outer if lateral else (), want_limit=True)[:2]
        a = self.alias("s")
        cols = [Col("%s.%s" % (a, n), k) for n, k in out if k in SQL_TYPE]
        if not cols:
            return self.base()
        return Item("%s(%s) AS %s" % ("LATERAL " if lateral else "", sql, a), cols,
                    ["%s.%s" % (a, n) for n, k in out], [a])

    def lateral(self, scope):
        """LATERAL sub-SELECT that refers to the left side, ordered totally under its LIMIT."""
        inner = self.base()
        where = self.correlation(scope, inner.cols) or "true"
        picked = self.rng.sample(inner.cols, min(3, len(inner.cols)))
        a = self.alias("l")
        tail = ""
        if self.maybe(0.6):
            tail = " ORDER BY %s LIMIT %d" % (", ".join(inner.uniq), self.rng.randint(1, 3))
        sql = "LATERAL (SELECT %s FROM %s WHERE %s%s) AS %s" % (
            ", ".join("%s AS c%d" % (c.ref, i) for i, c in enumerate(picked)), inner.sql, where, tail, a)
        cols = [Col("%s.c%d" % (a, i), c.kind) for i, c in enumerate(picked)]
        return Item(sql, cols, [c.ref for c in cols], [a])

    def function(self, scope=()):
        """A set-returning function or VALUES in FROM."""
        a, r = self.alias("f"), self.rng.randint(0, 5)
        if r == 5 and self.views:
            t2 = next(t for t in self.tables if t.name == "t2")
            cols = [Col("%s.%s" % (a, c.name), c.kind) for c in t2.cols]
            return Item("$S.f_rows(%d) AS %s" % (self.rng.randint(3, 30), a), cols,
                        ["%s.k" % a, "%s.id" % a], [a])
        if r == 0:
            return Item("generate_series(1, %d) AS %s(n)" % (self.rng.randint(1, 9), a),
                        [Col(a + ".n", "i4")], [a + ".n"], [a])
        if r == 1:
            return Item("unnest(ARRAY[%s]) WITH ORDINALITY AS %s(v, o)" % (
                ", ".join(self.lit("txt") for _ in range(3)), a),
                [Col(a + ".v", "txt"), Col(a + ".o", "i8")], [a + ".o"], [a])
        arrays = self.cols(scope, ["ia"])
        if r == 2 and arrays:
            return Item("unnest(%s) WITH ORDINALITY AS %s(v, o)" % (self.pick(arrays).ref, a),
                        [Col(a + ".v", "i4"), Col(a + ".o", "i8")], [a + ".o"], [a])
        ints = self.cols(scope, ["i4"])
        if r == 3 and ints:
            return Item("generate_series(0, %s %% 3) AS %s(n)" % (self.pick(ints).ref, a),
                        [Col(a + ".n", "i4")], [a + ".n"], [a])
        rows = ", ".join("(%s, %s)" % (self.lit("i4"), self.lit("txt")) for _ in range(self.rng.randint(1, 6)))
        return Item("(VALUES %s) AS %s(x, y)" % (rows, a),
                    [Col(a + ".x", "i4"), Col(a + ".y", "txt")], [a + ".x", a + ".y"], [a])

    def cte_ref(self):
        name, out = self.pick(self.ctes)
        a = self.alias("w")
        cols = [Col("%s.%s" % (a, n), k) for n, k in out if k in SQL_TYPE]
        if not cols:
            return self.base()
        return Item("%s AS %s" % (name, a), cols, ["%s.%s" % (a, n) for n, k in out], [a])

    def item(self, depth, first=False):
        r = self.rng.random()
        if self.ctes and r < 0.35:
            return self.cte_ref()
        if depth > 0 and r < 0.2:
            return self.derived(depth - 1)
        if not first and r < 0.25:
            return self.function()
        return self.base()

    # ---- joins
    def correlation(self, left, right, equal_only=False):
        """A join condition between two scopes; prefers distribution columns, None if none fits."""
        pairs, keyed = [], []
        for c in left:
            if c.kind not in HASHABLE or c.kind == "bool":
                continue
            for o in self.rng.sample(right, min(len(right), 8)):
                if self.comparable(c, [o]) and o.ref != c.ref:
                    pairs.append((c, o))
                    if c.key and o.key:
                        keyed += [(c, o)]
        keyed = keyed or [(c, o) for c in left if c.key for o in right if o.key and self.comparable(c, [o])]
        if not pairs and not keyed:
            return None
        c, o = self.pick(keyed) if keyed and self.maybe(0.5) else self.pick(pairs or keyed)
        text = "%s = %s" % ((c.ref, o.ref) if self.maybe(0.7) else (o.ref, c.ref))
        if pairs and self.maybe(0.2):
            c, o = self.pick(pairs)
            text += " AND %s %s %s" % (c.ref, "=" if equal_only else self.pick(["=", "<", ">=", "<>"]), o.ref)
        return text

    def join(self, n, depth):
        """A join tree of n items."""
        tree = self.item(depth, first=True)
        for i in range(1, n):
            tree = self._join_one(tree, depth)
        return tree

    def _join_one(self, left, depth):
        r = self.rng.random()
        if r < 0.08:
            right = self.lateral(left.cols)
            return self._joined(left, right, self.pick(["JOIN", "LEFT JOIN"]), "true")
        if r < 0.11:
            right = self.function(left.cols)
            return self._joined(left, right, "CROSS JOIN", None)
        if r < 0.16 and depth > 0:
            right = self._join_one(self.item(depth - 1), depth - 1)
            right.sql = "(%s)" % right.sql
        else:
            right = self.item(depth)
        word = self.rng.choices(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"],
                                [50, 25, 8, 8, 7])[0]
        if word == "CROSS JOIN":
            return self._cross(left, right)
        cond = self.correlation(left.cols, right.cols, word == "FULL JOIN") or "true"
        if word != "FULL JOIN" and self.maybe(0.25):
            cond += " AND " + self.pred(left.cols + right.cols if self.maybe(0.5) else right.cols, 1,
                                        1 if self.maybe(0.1) else 0)
        return self._joined(left, right, word, cond)

    def _joined(self, left, right, word, cond):
        sql = "%s %s %s%s" % (left.sql, word, right.sql, " ON " + cond if cond else "")
        out = Item(sql, left.cols + right.cols, left.uniq + right.uniq, left.aliases + right.aliases)
        out.tables = left.tables + right.tables
        out.where = " AND ".join(w for w in (left.where, right.where) if w) or None
        return out

    def _cross(self, left, right):
        """A cross join, kept small by a condition in WHERE (see where())."""
        out = self._joined(left, right, "CROSS JOIN", None)
        cond = self.correlation(left.cols, right.cols)
        out.where = " AND ".join(w for w in (cond, out.where) if w) or None
        return out

    def using(self):
        """JOIN ... USING or NATURAL over sub-SELECTs with chosen column names."""
        dist = [t for t in self.tables if t.key]
        one = self.pick(dist)
        two = self.pick([t for t in dist if t.col(t.key).kind == one.col(one.key).kind])
        kind = one.col(one.key).kind
        word = self.pick(["JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN"])
        if one.key == two.key and self.maybe(0.5):
            a, b = self.alias(), self.alias()
            sql = "%s AS %s %s %s AS %s USING (%s)" % (one.sql, a, word, two.sql, b, one.key)
            cols = [Col(one.key, kind), Col(a + ".id", "i4"), Col(b + ".id", "i4"),
                    Col(a + ".b", "txt"), Col(b + ".b", "txt")]
            return Item(sql, cols, [c.ref for c in cols[:3]] if one.pk and two.pk else [c.ref for c in cols])
        sql = "(SELECT %s AS kk, id AS i1, b AS b1 FROM %s) AS n1 NATURAL %s (SELECT %s AS kk, id AS i2 FROM %s) AS n2" % (
            one.key, one.sql, word, two.key, two.sql)
        cols = [Col("kk", kind), Col("i1", "i4"), Col("i2", "i4"), Col("b1", "txt")]
        return Item(sql, cols, [c.ref for c in cols])

    # ---- sub-SELECTs in expressions
    def inner_from(self, scope, depth, correlated):
        """FROM and WHERE of a sublink: (item, where text)."""
        item = self.base()
        if depth > 1 and self.maybe(0.25):
            item = self._join_one(item, 0)
        conds = []
        if correlated and scope:
            conds.append(self.correlation(scope, item.cols) or "true")
        if item.where:
            conds.append(item.where)
        if depth > 1 and self.maybe(0.5):
            conds.append(self.sublink_pred(item.cols + (list(scope) if self.maybe(0.2) else []), depth - 1))
        elif self.maybe(0.6) or not conds:
            conds.append(self.pred(item.cols + (list(scope) if self.maybe(0.2) else []), 1, depth - 1))
        return item, " AND ".join(conds)

    def aggregate_filter(self, scope):
        """A comparison with an aggregate of the rows that equal this one; None if none fits."""
        item = self.base()
        conds = [self.correlation(scope, item.cols, equal_only=True)]
        if conds[0] is None:
            return None
        if item.where:
            conds.append(item.where)
        if self.maybe(0.4):
            conds.append(self.pred(item.cols, 1, 0))
        kind = self.pick(["i4", "i4", "num", "date", "i8"])
        aggregate = self.pick(["min", "max"] if kind == "date" else ["sum", "avg", "min", "max"])
        factor = "2 * " if kind != "date" and self.maybe(0.3) else ""
        return "%s %s (SELECT %s%s(%s) FROM %s WHERE %s)" % (
            self.expr(kind, scope, 0), self.pick(["<", ">=", "=", "<>"]), factor, aggregate,
            self.expr(kind, item.cols, self.rng.randint(0, 1)), item.sql, " AND ".join(conds))

    def sublink_pred(self, scope, depth):
        if scope and self.maybe(0.2):
            text = self.aggregate_filter(scope)
            if text is not None:
                return text
        r, no = self.rng.random(), self.pick(["", "", "NOT "])
        item, where = self.inner_from(scope, depth, correlated=r < 0.5 or self.maybe(0.3))
        if r < 0.42 or not scope:
            return "%sEXISTS (SELECT %s FROM %s WHERE %s)" % (no, self.pick(["1", "*", "NULL"]), item.sql, where)
        c = self.pick(scope)
        o = self.comparable(c, item.cols)
        if not o:
            return "%sEXISTS (SELECT FROM %s WHERE %s)" % (no, item.sql, where)
        if r < 0.72:
            return "%s %sIN (SELECT %s FROM %s WHERE %s)" % (c.ref, no, o.ref, item.sql, where)
        if r < 0.82:
            return "%s %s %s (SELECT %s FROM %s WHERE %s)" % (
                c.ref, self.pick(["=", "<", ">=", "<>"]), self.pick(["ANY", "ALL"]), o.ref, item.sql, where)
        if r < 0.88 and c.kind != "comp":
            return "(%s, %s) %sIN (SELECT %s, %s FROM %s WHERE %s)" % (
                c.ref, c.ref, no, o.ref, o.ref, item.sql, where)
        return "%s %s %s" % (self.lit("i8"), self.pick(["<", ">="]), self.scalar_sub("i8", scope, depth))

    def scalar_sub(self, kind, scope, depth):
        """A sub-SELECT of one value."""
        item, where = self.inner_from(scope, depth, correlated=self.maybe(0.7))
        if kind == "i8" and self.maybe(0.7):
            return "(SELECT count(*) FROM %s WHERE %s)" % (item.sql, where)
        value = self.expr(kind, item.cols, 1)
        if kind in ("i4", "txt", "date", "num") and self.maybe(0.6):
            return "(SELECT %s(%s) FROM %s WHERE %s)" % (self.pick(["min", "max"]), value, item.sql, where)
        return "(SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1%s)" % (
            value, item.sql, where, ", ".join(item.uniq), self.pick(["", " OFFSET 1"]))
