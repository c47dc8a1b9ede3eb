"""Whole SELECTs: plain, grouped, windowed, set operations, CTEs, LIMIT."""
from exprs import Col
from kinds import SQL_TYPE
from sources import SourceGen

SETOP_KINDS = ["i4", "i8", "txt", "bool", "date", "num", "en", "tstz", "uuid"]
OUT_KINDS = ["i4", "i4", "i8", "txt", "txt", "num", "bool", "date", "ts", "tstz", "js", "ia", "ta", "comp",
             "f8", "vc", "en", "uuid", "iv"]


class SelectGen(SourceGen):
    """SELECT half: every select() returns (sql, [(name, kind)], order positions or None)."""

    def where(self, item, sublinks=1, share=0.75):
        """WHERE text (with the keyword) or an empty string."""
        conds = [item.where] if item.where else []
        if self.maybe(0.25):
            made = self.key_pred(item.cols)
            if made:
                conds.append(made)
        if self.maybe(share):
            conds.append(self.pred(item.cols, 2, sublinks))
        return " WHERE " + " AND ".join(conds) if conds else ""

    def from_item(self, depth, size=None):
        n = size or self.rng.choices([1, 2, 3, 4], [40, 38, 17, 5])[0]
        return self.join(n, depth)

    def select(self, depth, outer=(), want=None, want_limit=False, size=None):
        """A query expression; under want_limit any LIMIT has a total order."""
        r = self.rng.random()
        if want is None and depth > 0 and r < 0.12:
            sql, out = self.setop(depth - 1)
        elif want is None and r < 0.32:
            sql, out = self.grouped(depth, outer, size)
        elif want is None and r < 0.40:
            sql, out = self.windowed(depth, size)
        elif want is None and r < 0.46:
            return self.distinct_on(depth) + (None,)
        else:
            sql, out = self.plain(depth, outer, want, size)
        order = None
        if want_limit and self.maybe(0.3) or not want_limit and self.maybe(0.45):
            tail, order = self.ordering(out, self.maybe(0.5))
            sql += tail
        return sql, out, order

    def ordering(self, out, limit):
        """ORDER BY positions: total when a LIMIT follows."""
        count = len(out)
        if not limit and self.maybe(0.4):
            count = self.rng.randint(1, count)
        order = self.rng.sample(range(len(out)), count)
        ties = not limit and count < len(out) and self.maybe(0.3)
        text = " ORDER BY " + ", ".join("%d%s%s" % (
            i + 1, self.pick(["", "", " DESC"]), self.pick(["", "", " NULLS FIRST", " NULLS LAST"]))
            for i in order)
        if ties:
            text += " FETCH FIRST %d ROWS WITH TIES" % self.rng.choice([1, 3, 8])
        if limit:
            text += " LIMIT %d" % self.rng.choice([1, 3, 5, 10, 40])
            if self.maybe(0.35):
                text += " OFFSET %d" % self.rng.choice([0, 1, 4, 15])
        return text, order

    # ---- the plain core
    def plain(self, depth, outer=(), want=None, size=None):
        item = self.from_item(depth, size)
        scope = item.cols + list(outer)
        distinct = "DISTINCT " if self.maybe(0.12) else ""
        if want:
            exprs = [(self.expr(k, scope, 1), k) for k in want]
        else:
            exprs = self.outputs(item, scope, depth, bool(distinct))
        text = "SELECT %s%s FROM %s%s" % (
            distinct, ", ".join("%s AS c%d" % (e, i + 1) for i, (e, k) in enumerate(exprs)),
            item.sql, self.where(item, self.pick([1, 2, 3]) if depth > 1 else 1))
        return text, [("c%d" % (i + 1), k) for i, (e, k) in enumerate(exprs)]

    def outputs(self, item, scope, depth, simple=False):
        """1 to 6 output expressions as (sql, kind)."""
        out = []
        for _ in range(self.rng.choice([1, 2, 3, 4, 5, 6])):
            r = self.rng.random()
            if r < 0.5 and scope:
                c = self.pick(scope)
                out.append((c.ref, c.kind))
            elif r < 0.56 and item.aliases and not simple:
                a = self.pick(item.aliases)
                out.append((self.pick(["%s", "%s::text", "%s IS NULL", "to_jsonb(%s) - 'c_numx'", "count(%s) OVER ()"
                                       ]) % a, "row"))
            elif r < 0.58 and item.tables:
                a, sql = self.pick(item.tables)
                out.append(("%s.tableoid = '%s'::regclass" % (a, sql), "bool"))
            elif r < 0.66 and depth > 0:
                kind = self.pick(["i4", "i8", "txt", "date", "num"])
                out.append((self.scalar_sub(kind, scope, self.pick([1, 2, 3]) if depth > 1 else 1), kind))
            else:
                kind = self.pick(OUT_KINDS)
                out.append((self.expr(kind, scope, 2), kind))
        return out

    # ---- aggregates
    def aggregate(self, scope):
        """(sql, kind) of one aggregate whose value does not depend on input order."""
        filt = " FILTER (WHERE %s)" % self.pred(scope, 1) if self.maybe(0.15) else ""
        r = self.rng.randint(0, 17)
        dist = "DISTINCT " if self.maybe(0.2) else ""
        any_col = self.pick(scope) if scope else Col("1", "i4")
        if r <= 2:
            return "count(*)" + filt, "i8"
        if r == 3:
            return "count(%s%s)%s" % (dist, any_col.ref, filt), "i8"
        if r <= 5:
            return "sum(%s%s)%s" % (dist, self.expr("i4", scope, 1), filt), "i8"
        if r == 6:
            return "sum(%s%s)%s" % (dist, self.expr(self.pick(["num", "i8"]), scope, 1), filt), "num"
        if r == 7:
            return "avg(%s%s)%s" % (dist, self.expr(self.pick(["i4", "num", "i8"]), scope, 1), filt), "num"
        if r == 8:
            return "%s(%s%s)%s" % (self.pick(["sum", "avg"]), dist, self.expr("f8", scope, 1), filt), "f8"
        if r <= 10:
            kind = self.pick(["i4", "txt", "date", "num", "ts", "tstz", "i8", "en", "f8"])
            return "%s(%s)%s" % (self.pick(["min", "max"]), self.expr(kind, scope, 1), filt), kind
        if r == 11:
            return "%s(%s)%s" % (self.pick(["bool_and", "bool_or", "every"]), self.pred(scope, 0), filt), "bool"
        if r == 12:
            e = self.expr("txt", scope, 1)
            return "string_agg(%s%s, ',' ORDER BY %s)%s" % (dist, e, e, filt), "txt"
        if r == 13:
            kind = self.pick(["i4", "txt", "date"])
            e = self.expr(kind, scope, 1)
            return "array_agg(%s%s ORDER BY %s)%s" % (dist, e, e, filt), {"i4": "ia", "txt": "ta"}.get(kind, "opaque")
        if r == 14:
            return "%s(%s)%s" % (self.pick(["bit_and", "bit_or", "bit_xor"]), self.expr("i4", scope, 1), filt), "i4"
        if r == 15:
            return "round(%s(%s)::numeric, 5)" % (
                self.pick(["stddev", "variance", "var_pop", "stddev_pop"]),
                self.expr(self.pick(["i4", "f8", "num"]), scope, 1)), "num"
        if r == 16:
            return "%s WITHIN GROUP (ORDER BY %s)%s" % (
                self.pick(["percentile_disc(0.5)", "mode()"]), self.expr("i4", scope, 1), filt), "i4"
        return "sum(%s)%s" % (self.expr("iv", scope, 0), filt), "iv"

    def grouped(self, depth, outer=(), size=None):
        item = self.from_item(depth, size)
        scope = item.cols
        keys = [c for c in scope if c.key]
        groups = []
        for _ in range(self.rng.choices([0, 1, 2, 3], [20, 45, 25, 10])[0]):
            if keys and self.maybe(0.35):
                c = self.pick(keys)
                groups.append((c.ref, c.kind))
            elif self.maybe(0.75):
                c = self.pick(scope)
                groups.append((c.ref, c.kind))
            else:
                kind = self.pick(["i4", "txt", "bool", "date"])
                made = self.expr(kind, scope, 1)
                if not any(c.ref in made for c in scope):
                    made, kind = scope[0].ref, scope[0].kind
                groups.append((made, kind))
        out = [g for g in groups if self.maybe(0.85)]
        out += [self.aggregate(scope) for _ in range(self.rng.randint(1, 3))]
        if self.maybe(0.08):
            c = next((c for c in scope if c.kind == "i4"), None)
            if c:
                out.append(("(SELECT max(v.n) + sum(%s) FROM generate_series(1, 3) AS v(n))" % c.ref, "i8"))
        if self.maybe(0.06):
            out.append(("CASE WHEN count(*) > %d THEN 'many' ELSE 'few' END" % self.rng.randint(0, 5), "txt"))
        sets = groups and self.maybe(0.15)
        if sets and self.maybe(0.5):
            out.append(("grouping(%s)" % groups[0][0], "i4"))
        text = "SELECT %s FROM %s%s" % (
            ", ".join("%s AS c%d" % (e, i + 1) for i, (e, k) in enumerate(out)), item.sql,
            self.where(item, 1, 0.6))
        text += self._group_by(groups, sets)
        if self.maybe(0.25):
            text += " HAVING " + self.having(scope)
        if sets:
            # PostgreSQL before 18 thinks that grouping sets keep equalities: no ORDER BY on top of them
            text = "WITH gs AS MATERIALIZED (%s) SELECT * FROM gs" % text
        return text, [("c%d" % (i + 1), k) for i, (e, k) in enumerate(out)]

    def _group_by(self, groups, sets):
        names = [g[0] for g in groups]
        if not names:
            return " GROUP BY ()" if self.maybe(0.1) else ""
        if not sets:
            return " GROUP BY " + ", ".join(names)
        r = self.rng.randint(0, 2)
        if r == 0:
            return " GROUP BY ROLLUP (%s)" % ", ".join(names)
        if r == 1:
            return " GROUP BY CUBE (%s)" % ", ".join(names)
        return " GROUP BY GROUPING SETS ((%s), (), (%s))" % (", ".join(names), names[0])

    def having(self, scope):
        r = self.rng.randint(0, 3)
        if r == 0:
            return "count(*) > %d" % self.rng.randint(0, 3)
        if r == 1:
            return "max(%s) > %s" % (self.expr("i4", scope, 0), self.lit("i4"))
        if r == 2:
            return "count(*) FILTER (WHERE %s) >= 1" % self.pred(scope, 0)
        return "sum(%s) > %d OR count(*) = 1" % (self.expr("i4", scope, 0), self.rng.randint(0, 40))

    # ---- windows
    def windowed(self, depth, size=None):
        item = self.from_item(depth, size or self.rng.choice([1, 1, 2]))
        scope = item.cols
        keys = [c for c in scope if c.key]
        part = self.pick(keys) if keys and self.maybe(0.4) else self.pick(scope)
        partition = "PARTITION BY %s " % part.ref if self.maybe(0.8) else ""
        total = ", ".join(item.uniq)
        named = "%sORDER BY %s" % (partition, total)
        out = []
        for _ in range(self.rng.randint(1, 3)):
            out.append(self._window_call(scope, partition, total))
        out += [(c.ref, c.kind) for c in self.rng.sample(scope, min(2, len(scope)))]
        text = "SELECT %s FROM %s%s WINDOW w AS (%s)" % (
            ", ".join("%s AS c%d" % (e, i + 1) for i, (e, k) in enumerate(out)), item.sql,
            self.where(item, 0), named)
        return text, [("c%d" % (i + 1), k) for i, (e, k) in enumerate(out)]

    def _window_call(self, scope, partition, total):
        r = self.rng.randint(0, 9)
        c = self.pick(scope)
        if r == 0:
            return "row_number() OVER w", "i8"
        if r == 1:
            return "%s() OVER (%sORDER BY %s)" % (self.pick(["rank", "dense_rank"]), partition, c.ref), "i8"
        if r == 2:
            return "ntile(3) OVER w", "i4"
        if r == 3:
            return "%s(%s, %d) OVER w" % (self.pick(["lag", "lead"]), c.ref, self.rng.randint(1, 2)), c.kind
        if r == 4:
            return "%s(%s) OVER w" % (self.pick(["first_value", "last_value"]), c.ref), c.kind
        if r == 5:
            return "sum(%s) OVER (w ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)" % self.expr("i4", scope, 1), "i8"
        if r == 6:
            return "count(*) OVER (%s)" % partition, "i8"
        if r == 7:
            return "sum(%s) OVER (%sORDER BY %s)" % (self.expr("i4", scope, 0), partition, c.ref), "i8"
        if r == 8:
            return "%s() OVER (%sORDER BY %s)" % (self.pick(["percent_rank", "cume_dist"]), partition, c.ref), "f8"
        return "avg(%s) OVER w" % self.expr("num", scope, 0), "num"

    # ---- DISTINCT ON, set operations, CTEs
    def distinct_on(self, depth):
        item = self.from_item(depth, self.rng.choice([1, 1, 2]))
        on = self.pick(item.cols)
        cols = [on] + self.rng.sample(item.cols, min(3, len(item.cols)))
        text = "SELECT DISTINCT ON (%s) %s FROM %s%s ORDER BY %s%s, %s" % (
            on.ref, ", ".join("%s AS c%d" % (c.ref, i + 1) for i, c in enumerate(cols)), item.sql,
            self.where(item), on.ref, self.pick(["", " DESC"]), ", ".join(item.uniq))
        return text, [("c%d" % (i + 1), c.kind) for i, c in enumerate(cols)]

    def setop(self, depth):
        want = [self.pick(SETOP_KINDS) for _ in range(self.rng.randint(1, 3))]
        branches = []
        for _ in range(self.rng.choice([2, 2, 3])):
            if self.maybe(0.1):
                branches.append("VALUES " + ", ".join(
                    "(%s)" % ", ".join("%s::%s" % (self.lit(k), SQL_TYPE[k]) for k in want) for _ in range(2)))
            else:
                sql, out = self.plain(depth, (), want, self.rng.choice([1, 1, 2]))
                if self.maybe(0.15):
                    sql += self.ordering(out, True)[0]
                branches.append("(%s)" % sql)
        text = branches[0]
        for b in branches[1:]:
            text += " %s %s" % (self.rng.choices(
                ["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"],
                [35, 25, 12, 14, 6, 8])[0], b)
        names = ["c%d" % (i + 1) for i in range(len(want))]
        return "SELECT * FROM (%s) AS u(%s)" % (text, ", ".join(names)), list(zip(names, want))

    def with_ctes(self, depth):
        """WITH ... SELECT, the CTEs referred to any number of times."""
        parts = []
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            sql, out = self.select(depth - 1, want_limit=True)[:2]
            name = self.alias("cte")
            parts.append("%s AS %s(%s)" % (name, self.pick(["", "", "MATERIALIZED ", "NOT MATERIALIZED "]), sql))
            self.ctes.append((name, out))
        sql, out, order = self.select(depth)
        self.ctes = []
        if sql.startswith("WITH "):
            return "WITH %s, %s" % (", ".join(parts), sql[5:]), out, order
        return "WITH %s %s" % (", ".join(parts), sql), out, order

    def recursive(self):
        """WITH RECURSIVE over one or two tables, bounded by its level."""
        one, two = self.base(), self.base()
        pick = [c for c in one.cols if c.kind in ("i4", "i8")]
        step = [c for c in two.cols if c.kind in ("i4", "i8")]
        a, b = self.pick(pick), self.pick(step)
        sql = ("WITH RECURSIVE r(n, v, lvl) AS (SELECT %s::int8, %s::int8, 0 FROM %s%s UNION "
               "SELECT %s::int8, %s::int8, r.lvl + 1 FROM r JOIN %s ON %s = r.n%s WHERE r.lvl < %d) " % (
                   a.ref, self.pick(pick).ref, one.sql, self.where(one, 0, 1.0), self.pick(step).ref,
                   self.pick(step).ref, two.sql, b.ref, self.pick(["", " + 1"]), self.rng.randint(1, 3)))
        out = [("c1", "i8"), ("c2", "i8"), ("c3", "i4")]
        if self.maybe(0.25):
            sql = sql.replace(" UNION ", " UNION ALL ") if "lvl < 1)" in sql else sql
            sql = sql[:-1] + self.pick([" SEARCH BREADTH FIRST BY n SET seq ", " CYCLE n, v SET again USING path "])
        if self.maybe(0.5):
            return sql + "SELECT lvl AS c1, count(*) AS c2, sum(v) AS c3 FROM r GROUP BY lvl ORDER BY 1", out, [0]
        return sql + "SELECT n AS c1, v AS c2, lvl AS c3 FROM r ORDER BY 1, 2, 3", out, [0, 1, 2]

    def locking(self):
        """SELECT ... FOR UPDATE and friends."""
        item = self.base(only=False)
        if self.maybe(0.3):
            item = self._joined(item, self.base(only=False), "JOIN", None)
            right = item.aliases[1]
            item.sql += " ON " + (self.correlation(
                [c for c in item.cols if not c.ref.startswith(right + ".")],
                [c for c in item.cols if c.ref.startswith(right + ".")]) or "true")
        cols = self.rng.sample(item.cols, min(4, len(item.cols)))
        tail, order = "", None
        if self.maybe(0.4):
            tail = " ORDER BY %s" % ", ".join(item.uniq)
            if self.maybe(0.5):
                tail += " LIMIT %d" % self.rng.randint(1, 8)
        text = "SELECT %s FROM %s%s%s FOR %s%s%s" % (
            ", ".join("%s AS c%d" % (c.ref, i + 1) for i, c in enumerate(cols)), item.sql,
            self.where(item, 1), tail,
            self.pick(["UPDATE", "UPDATE", "SHARE", "NO KEY UPDATE", "KEY SHARE"]),
            " OF " + self.pick(item.aliases) if self.maybe(0.4) else "",
            self.pick(["", "", " NOWAIT", " SKIP LOCKED"]))
        return text, [], order

    def star(self):
        """SELECT * and alias.* of tables and joins."""
        item = self.from_item(0, self.rng.choice([1, 1, 2]))
        what = "*" if self.maybe(0.6) or not item.aliases else ", ".join(
            a + ".*" for a in item.aliases)
        return "SELECT %s FROM %s%s" % (what, item.sql, self.where(item)), [], None

    def using_select(self):
        item = self.using()
        cols = self.rng.sample(item.cols, min(4, len(item.cols)))
        if self.maybe(0.3):
            text = "SELECT %s AS c1, count(*) AS c2 FROM %s%s GROUP BY 1" % (
                item.cols[0].ref, item.sql, self.where(item, 1))
            return text, [], None
        return "SELECT %s FROM %s%s" % (", ".join(c.ref for c in cols), item.sql, self.where(item, 1)), [], None
