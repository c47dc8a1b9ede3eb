"""SELECTs that ask shards once per row of something else: their keys travel in batches, and only the speed may show."""


class Ahead:
    """Makes (sql, out) from a generator; every table has the columns id, a and b."""

    def __init__(self, gen):
        self.g = gen

    def rows(self):
        """FROM item and its alias."""
        item = self.g.base(only=False)
        return item, item.aliases[0]

    def value(self, outer, depth=1, arrays=()):
        """A correlated sub-SELECT of one int8; outer: aliases that it may refer to, the nearest last."""
        item, i = self.rows()
        conds = ["%s.a %s %s.a" % (i, self.g.pick(["=", "=", "=", "<", ">="]), self.g.pick(outer))]
        if arrays and self.g.maybe(0.3):
            conds = ["%s.a %s (%s.arr)" % (i, self.g.pick(["= ANY", "<> ALL"]), self.g.pick(arrays))]
        if self.g.maybe(0.5):
            conds.append("%s.id %s %s.id" % (i, self.g.pick(["<>", "<", ">="]), self.g.pick(outer)))
        if self.g.maybe(0.2):
            conds.append("%s.id > %s" % (i, self.g.pick([
                "(SELECT min(id) FROM %s)" % self.g.base(only=False).sql.split(" AS ")[0],
                "length(current_setting('search_path')) - 9", "coalesce(nullif(%s.a, 2), 0)" % outer[0]])))
        if depth > 0 and self.g.maybe(0.5):
            inner = list(outer) + [i] if self.g.maybe(0.6) else self.g.pick([list(outer), [i]])
            conds.append("%s.id %s %s" % (i, self.g.pick(["<", ">=", "<>"]), self.value(inner, depth - 1)))
        where = " AND ".join(conds)
        return self.g.pick([
            "(SELECT count(*) FROM %s WHERE %s)" % (item.sql, where),
            "(SELECT max(%s.id)::int8 FROM %s WHERE %s)" % (i, item.sql, where),
            "(SELECT sum(%s.a)::int8 FROM %s WHERE %s)" % (i, item.sql, where),
            "(SELECT %s.id::int8 FROM %s WHERE %s ORDER BY %s LIMIT 1)" % (i, item.sql, where, ", ".join(item.uniq)),
            "(WITH c AS (SELECT %s.id FROM %s WHERE %s) SELECT count(*) + count(DISTINCT c.id) FROM c)" % (i, item.sql, where),
            "(SELECT count(*) FROM (SELECT FROM %s WHERE %s LIMIT abs(%s.a) %% 4) s)" % (item.sql, where, outer[0])])

    def test(self, outer):
        """A condition with such a sub-SELECT."""
        return "%s %s %s" % (self.g.pick(["1", "%s.id" % outer[0]]), self.g.pick(["<", ">=", "<>"]), self.value(outer))

    # ---- statements
    def statement(self):
        return self.g.pick([self._plain, self._arrays, self._outer_join, self._sets, self._lateral, self._series,
                            self._aggregate, self._window])()

    def _plain(self):
        item, o = self.rows()
        where = " WHERE " + self.test([o]) if self.g.maybe(0.5) else ""
        return "SELECT %s.id::int8 AS c1, %s AS c2 FROM %s%s" % (o, self.value([o]), item.sql, where), [("c1", "i8"), ("c2", "i8")]

    def _arrays(self):
        item, i = self.rows()
        o = self.g.alias("s")
        return "SELECT %s.id::int8 AS c1, %s AS c2 FROM (SELECT %s.id, %s.a, ARRAY[%s.a, %s.id %% 3] AS arr FROM %s OFFSET 0) AS %s" % (
            o, self.value([o], arrays=[o]), i, i, i, i, item.sql, o), [("c1", "i8"), ("c2", "i8")]

    def _outer_join(self):
        one, o = self.rows()
        two, p = self.rows()
        word = self.g.pick(["LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT JOIN"])
        return "SELECT %s.id::int8 AS c1, %s.id::int8 AS c2 FROM %s %s %s ON %s.a = %s.a AND %s" % (
            o, p, one.sql, word, two.sql, o, p, self.test(self.g.pick([[o], [p], [o, p]]))), [("c1", "i8"), ("c2", "i8")]

    def _sets(self):
        item, o = self.rows()
        other, i = self.rows()
        return ("SELECT %s.a::int8 AS c1, count(*) AS c2, (SELECT count(*) FROM %s WHERE %s.a = %s.a) AS c3 FROM %s "
                "GROUP BY %s" % (o, other.sql, i, o, item.sql, self.g.pick(
                    ["%s.a", "ROLLUP (%s.a)", "GROUPING SETS ((%s.a), ())"]) % o)), [("c1", "i8"), ("c2", "i8"), ("c3", "i8")]

    def _lateral(self):
        item, o = self.rows()
        one, i = self.rows()
        s = self.g.alias("l")
        inner = "SELECT %s.id, %s.a FROM %s WHERE %s.a %s %s.a AND %s ORDER BY %s LIMIT %s" % (
            i, i, one.sql, i, self.g.pick(["=", "<"]), o, self.test([o, i]), ", ".join(one.uniq), self.g.pick(["2", "abs(%s.a) %% 3" % o]))
        return "SELECT %s.id::int8 AS c1, %s.id::int8 AS c2, %s AS c3 FROM %s LEFT JOIN LATERAL (%s) AS %s ON true" % (
            o, s, self.value([o, s]), item.sql, inner, s), [("c1", "i8"), ("c2", "i8"), ("c3", "i8")]

    def _series(self):
        item, o = self.rows()
        return "SELECT %s.id::int8 AS c1, generate_series(1, %s %% 3) AS c2 FROM %s" % (
            o, self.value([o]), item.sql), [("c1", "i8"), ("c2", "i8")]

    def _aggregate(self):
        item, o = self.rows()
        return "SELECT %s.a::int8 AS c1, sum(%s)::int8 AS c2, count(*) FILTER (WHERE %s) AS c3 FROM %s GROUP BY %s.a" % (
            o, self.value([o]), self.test([o]), item.sql, o), [("c1", "i8"), ("c2", "i8"), ("c3", "i8")]

    def _window(self):
        item, o = self.rows()
        s = self.g.alias("s")
        return "SELECT %s.id::int8 AS c1, %s AS c2 FROM (SELECT %s.id, %s.a, count(*) OVER (PARTITION BY %s.a) AS n FROM %s) AS %s WHERE %s.n < 9" % (
            s, self.value([s]), o, o, o, item.sql, s, s), [("c1", "i8"), ("c2", "i8")]
