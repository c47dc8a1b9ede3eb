"""SELECTs built of sub-SELECTs that carry a distribution column: what shards may run whole, and what looks like it."""


class Keyed:
    """Makes (sql, out) from a generator; a sub-SELECT has the columns kk, n (int8) and m (int8)."""

    def __init__(self, gen):
        self.g = gen
        kinds = [t.col(t.key).kind for t in gen.tables if t.key]
        self.kind = gen.pick(kinds)

    def table(self):
        """FROM item of a table with a key of our kind, its key, and a number of it."""
        t = self.g.pick([t for t in self.g.tables if t.key and t.col(t.key).kind == self.kind])
        item = self.g.base(t, only=False)
        if self.g.maybe(0.06):
            item.sql += " TABLESAMPLE %s" % self.g.pick(["bernoulli (100)", "system (100)", "bernoulli (0)"])
        alias = item.aliases[0]
        return item, "%s.%s" % (alias, t.key), "%s.a::int8" % alias

    def where(self, item, extra=None):
        conds = [extra] if extra else []
        if self.g.maybe(0.5):
            conds.append(self.g.pred(item.cols, 1, self.g.pick([0, 0, 1])))
        return " WHERE " + " AND ".join(conds) if conds else ""

    # ---- sub-SELECTs
    def sub(self, depth=1):
        makers = [self._grouped, self._window, self._distinct, self._distinct_on, self._setop, self._joined,
                  self._sublinks, self._lateral, self._reference]
        if depth > 0:
            makers += [self._again, self._again, self._recursive]
        return self.g.pick(makers)(depth - 1)

    def _grouped(self, depth):
        item, key, a = self.table()
        more = self.g.pick(["", ", %s" % self.g.pick(item.uniq)])
        having = " HAVING count(*) > 1" if self.g.maybe(0.3) else ""
        group = key + more
        if self.g.maybe(0.2):
            b = item.aliases[0] + ".b"
            group = self.g.pick(["%s, ROLLUP (%s)" % (key, b), "GROUPING SETS ((%s), (%s, %s), (%s, %s))" % (key, key, b, a, key),
                                 "CUBE (%s, %s)" % (key, b), "DISTINCT ROLLUP (%s), ROLLUP (%s, %s)" % (key, key, b)])
            group = group.replace(a, item.aliases[0] + ".a")
        return "SELECT %s AS kk, count(%s) AS n, max(%s) AS m FROM %s%s GROUP BY %s%s" % (
            key, self.g.pick(["*", "*", item.aliases[0]]), a, item.sql, self.where(item), group, having)

    def _window(self, depth):
        item, key, a = self.table()
        part = self.g.pick([key, key, "%s, %s" % (a, key), a])
        return "SELECT %s AS kk, row_number() OVER (PARTITION BY %s ORDER BY %s) AS n, %s AS m FROM %s%s" % (
            key, part, ", ".join(item.uniq), a, item.sql, self.where(item))

    def _distinct(self, depth):
        item, key, a = self.table()
        return "SELECT DISTINCT %s AS kk, length(b)::int8 AS n, %s AS m FROM %s%s" % (key, a, item.sql, self.where(item))

    def _distinct_on(self, depth):
        item, key, a = self.table()
        on = self.g.pick([key, key, a])
        return "SELECT DISTINCT ON (%s) %s AS kk, id::int8 AS n, %s AS m FROM %s%s ORDER BY %s, %s" % (
            on, key, a, item.sql, self.where(item), on, ", ".join(item.uniq))

    def _setop(self, depth):
        arms = []
        for _ in range(self.g.pick([2, 2, 3])):
            item, key, a = self.table()
            arms.append("SELECT %s AS kk, %s AS n, %s AS m FROM %s%s" % (
                key, self.g.pick([a, "1::int8"]), a, item.sql, self.where(item)))
        words = ["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"]
        text = arms[0]
        for arm in arms[1:]:
            text = "(%s) %s (%s)" % (text, self.g.pick(words), arm)
        return text

    def _joined(self, depth):
        one, k1, a1 = self.table()
        two, k2, a2 = self.table()
        word = self.g.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        more = " AND " + self.g.pred(two.cols, 0) if word != "FULL JOIN" and self.g.maybe(0.4) else ""
        key = self.g.pick([k1, k1, k2])
        return "SELECT %s AS kk, count(%s) AS n, max(%s) AS m FROM %s %s %s ON %s = %s%s%s GROUP BY %s" % (
            key, a2, a1, one.sql, word, two.sql, k1, k2, more, self.where(one), key)

    def _sublinks(self, depth):
        item, key, a = self.table()
        two, k2, a2 = self.table()
        meet = "%s = %s" % (k2, key)
        if self.g.maybe(0.3):
            meet += " AND " + self.g.pred(two.cols + item.cols, 0)
        return "SELECT %s AS kk, (SELECT count(*) FROM %s WHERE %s) AS n, %s AS m FROM %s%s" % (
            key, two.sql, meet, a, item.sql,
            self.where(item, "(%s)" % self.test(key, a) if self.g.maybe(0.7) else None))

    def test(self, key, a):
        """A condition with a sublink, for rows with this key and this number."""
        three, k3, a3 = self.table()
        other = "%s = %s" % (k3, self.g.pick([key, key, key, "(%s %% 90)::int4" % a if self.kind == "i4" else key]))
        return self.g.pick([
            "EXISTS (SELECT FROM %s WHERE %s) OR %s > 3" % (three.sql, other, a),
            "%s NOT IN (SELECT %s FROM %s%s)" % (key, k3, three.sql, self.where(three)),
            "(SELECT count(*) FROM %s WHERE %s) < 3" % (three.sql, other),
            "%s >= ALL (SELECT %s FROM %s WHERE %s)" % (a, a3, three.sql, other),
            "(%s, %s) IN (SELECT %s, %s FROM %s) IS NOT TRUE" % (key, a, k3, a3, three.sql)])

    def _lateral(self, depth):
        item, key, a = self.table()
        two, k2, a2 = self.table()
        alias = self.g.alias("l")
        if self.g.maybe(0.5):
            inner = "SELECT %s AS n, %s AS m FROM %s%s ORDER BY %s LIMIT 2" % (
                a2, a2, two.sql, self.where(two, "%s = %s" % (k2, key)), ", ".join(two.uniq))
        else:
            inner = "SELECT count(*) AS n, max(%s) AS m FROM %s%s" % (a2, two.sql, self.where(two, "%s = %s" % (k2, key)))
        join = self.g.pick(["CROSS JOIN LATERAL (%s) AS %s", "LEFT JOIN LATERAL (%s) AS %s ON true"]) % (inner, alias)
        return "SELECT %s AS kk, %s.n, %s.m FROM %s %s%s" % (key, alias, alias, item.sql, join, self.where(item))

    def _reference(self, depth):
        item, key, a = self.table()
        ref = self.g.base(self.g.pick([t for t in self.g.tables if t.place == "ref"]), only=False)
        word = self.g.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        return "SELECT %s AS kk, count(%s.id) AS n, max(%s.a)::int8 AS m FROM %s %s %s ON %s.id = %s GROUP BY %s" % (
            key, ref.aliases[0], ref.aliases[0], item.sql, word, ref.sql, ref.aliases[0], a, key)

    def _again(self, depth):
        alias = self.g.alias("s")
        return "SELECT %s.kk, count(*) AS n, max(%s.m) AS m FROM (%s) AS %s%s GROUP BY %s.kk" % (
            alias, alias, self.sub(depth), alias, self.g.pick(["", " WHERE %s.n > 1" % alias]), alias)

    def _recursive(self, depth):
        item, key, a = self.table()
        two, k2, a2 = self.table()
        return ("WITH RECURSIVE r(kk, n, m) AS (SELECT %s, 0::int8, %s FROM %s%s UNION "
                "SELECT %s, r.n + 1, %s FROM r JOIN %s ON %s = r.kk WHERE r.n < 2) SELECT kk, n, m FROM r" % (
                    key, a, item.sql, self.where(item), self.g.pick(["r.kk", k2]), a2, two.sql, k2))

    # ---- statements
    def statement(self):
        maker = self.g.pick([self._join, self._join, self._aggregate, self._aggregate, self._alone, self._with,
                             self._filter, self._top, self._mixed, self._mixed, self._whole, self._locked])
        return maker()

    def _from(self):
        item, key, a = self.table()
        alias = self.g.alias("s")
        text = "%s %s (%s) AS %s ON %s.kk = %s" % (
            item.sql, self.g.pick(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]), self.sub(), alias, alias, key)
        if self.g.maybe(0.3):
            other = self.g.alias("s")
            text += " %s (%s) AS %s ON %s.kk = %s" % (
                self.g.pick(["JOIN", "LEFT JOIN"]), self.sub(0), other, other, self.g.pick([key, alias + ".kk"]))
        return item, key, alias, text

    def _join(self):
        item, key, s, text = self._from()
        where = self.g.pick(["", " WHERE %s.n > 1" % s, " WHERE coalesce(%s.m, 2) < 9" % s])
        return "SELECT %s AS c1, %s.kk AS c2, %s.n AS c3, %s.m AS c4 FROM %s%s" % (key, s, s, s, text, where), [
            ("c1", self.kind), ("c2", self.kind), ("c3", "i8"), ("c4", "i8")]

    def _aggregate(self):
        item, key, s, text = self._from()
        group = self.g.pick([key, s + ".kk", s + ".n", item.aliases[0] + ".b"])
        return "SELECT %s AS c1, count(*) AS c2, sum(%s.n) AS c3, count(DISTINCT %s.m) AS c4 FROM %s GROUP BY %s" % (
            group, s, s, text, group), [("c1", "opaque"), ("c2", "i8"), ("c3", "num"), ("c4", "i8")]

    def _alone(self):
        s = self.g.alias("s")
        return "SELECT %s.m AS c1, count(*) AS c2, sum(%s.n) AS c3 FROM (%s) AS %s GROUP BY 1" % (s, s, self.sub(), s), [
            ("c1", "i8"), ("c2", "i8"), ("c3", "num")]

    def _with(self):
        w, x, y = self.g.alias("w"), self.g.alias("x"), self.g.alias("y")
        return "WITH %s AS %s(%s) SELECT %s.kk AS c1, %s.n AS c2, %s.n AS c3 FROM %s AS %s %s %s AS %s ON %s.kk = %s.kk" % (
            w, self.g.pick(["", "MATERIALIZED ", "NOT MATERIALIZED "]), self.sub(), x, x, y, w, x,
            self.g.pick(["JOIN", "LEFT JOIN", "FULL JOIN"]), w, y, x, y), [("c1", self.kind), ("c2", "i8"), ("c3", "i8")]

    def _filter(self):
        item, key, a = self.table()
        s = self.g.alias("s")
        sub = self.sub()
        test = self.g.pick([
            "%s %sIN (SELECT %s.kk FROM (%s) AS %s)" % (key, self.g.pick(["", "NOT "]), s, sub, s),
            "%sEXISTS (SELECT FROM (%s) AS %s WHERE %s.kk = %s AND %s.n > 0)" % (self.g.pick(["", "NOT "]), sub, s, s, key, s),
            "(SELECT count(*) FROM (%s) AS %s WHERE %s.kk = %s) > 1" % (sub, s, s, key),
            "%s < (SELECT max(%s.m) FROM (%s) AS %s WHERE %s.kk = %s)" % (a, s, sub, s, s, key)])
        return "SELECT %s AS c1, %s AS c2 FROM %s%s" % (key, a, item.sql, self.where(item, test)), [
            ("c1", self.kind), ("c2", "i8")]

    def _top(self):
        return "SELECT kk AS c1, n AS c2, m AS c3 FROM (%s) AS %s" % (self.sub(), self.g.alias("s")), [
            ("c1", self.kind), ("c2", "i8"), ("c3", "i8")]

    def _mixed(self):
        """A condition that shards can evaluate, at a level with a table of another kind."""
        item, key, a = self.table()
        other = self.g.base(only=False)
        c = self.g.pick(other.cols)
        join = self.g.pick(["%s JOIN %s ON %s", "%s LEFT JOIN %s ON %s", "%s RIGHT JOIN %s ON %s"]) % (
            item.sql, other.sql, self.g.correlation(item.cols, other.cols) or "true")
        return "SELECT %s AS c1, count(*) AS c2, sum(%s) AS c3, count(%s) AS c4 FROM %s WHERE (%s)%s GROUP BY 1" % (
            key, a, c.ref, join, self.test(key, a), self.g.pick(["", " AND %s < 40" % a])), [
                ("c1", self.kind), ("c2", "i8"), ("c3", "num"), ("c4", "i8")]

    def _whole(self):
        item, key, s, text = self._from()
        one = self.g.pick(["count(%s)", "count(%s) FILTER (WHERE %s IS NULL)", "count(*) FILTER (WHERE %s IS DISTINCT FROM NULL)",
                           "max((to_jsonb(%s) ->> 'n')::int8)"])
        return "SELECT %s AS c1, %s AS c2, count(%s) AS c3 FROM %s GROUP BY 1" % (
            key, one.replace("%s", s), item.aliases[0], text), [("c1", self.kind), ("c2", "i8"), ("c3", "i8")]

    def _locked(self):
        item, key, a = self.table()
        s = self.g.alias("s")
        text = item.sql
        if self.g.maybe(0.5):
            text += " %s (%s) AS %s ON %s.kk = %s" % (self.g.pick(["JOIN", "LEFT JOIN"]), self.sub(0), s, s, key)
        where = " WHERE (%s)" % self.test(key, a) if self.g.maybe(0.7) else ""
        return "SELECT * FROM (SELECT %s AS c1, %s AS c2 FROM %s%s FOR %s OF %s) AS %s" % (
            key, a, text, where, self.g.pick(["UPDATE", "SHARE", "NO KEY UPDATE", "KEY SHARE"]), item.aliases[0],
            self.g.alias("x")), [("c1", self.kind), ("c2", "i8")]

    # ---- writes, of which WriteGen says the rest
    def single(self):
        """A sub-SELECT of our key with one row per key at most, and its alias."""
        s, x = self.g.alias("s"), self.g.alias("x")
        return "(SELECT %s.kk, sum(%s.n)::int8 AS n, max(%s.m) AS m FROM (%s) AS %s GROUP BY %s.kk) AS %s" % (
            x, x, x, self.sub(), x, x, s), s
