"""Writes of every kind, transactions, and statements that must fail."""
import kinds
from exprs import Col
from keyed import Keyed
from selects import SelectGen


class Step:
    """One command and how its outcome is compared.

    order: output positions whose sequence must agree; any_violation: which of
    several violated constraints is reported may differ; write: changes rows.
    """

    def __init__(self, sql, order=None, data=None, any_violation=False, write=False, tag_free=False):
        self.sql, self.order, self.data = sql, order, data
        self.any_violation, self.write, self.tag_free, self.loose = any_violation, write, tag_free, False


class WriteGen(SelectGen):
    """Write half; each method returns a list of Steps."""

    def target(self, places=("dist", "dist", "dist", "single", "ref", "local")):
        if self.views and self.maybe(0.04):
            return self.views[0]
        if not any(t.place == "local" for t in self.tables):
            places = [x for x in places if x != "local"]
        place = self.pick(places)
        return self.pick([t for t in self.tables if t.place == place])

    def refs(self, t, alias):
        return [Col("%s.%s" % (alias, c.name), c.kind, c.name == t.key) for c in t.cols]

    def pinned(self, t, c):
        """A value for a column with uniqueness or a foreign key, else None."""
        if c.name == "id" and self.params is not None and len(self.params) < 6:
            self.params.append("newid")
            return "$%d" % len(self.params)
        if c.name == "id":
            return str(self.rng.choice([self.rng.randint(1, 140), self.rng.randint(200, 100000)]))
        if c.name == "rid":
            return str(self.rng.randint(1, 20)) if self.maybe(0.9) else str(self.rng.randint(18, 25))
        if c.name == "x":
            return self.pick(["NULL", str(self.rng.randint(0, 120))])
        return None

    def row_values(self, t, cols):
        """SQL of one VALUES row, foreign keys mostly satisfied."""
        fixed = {}
        if t.name == "t2":
            t1 = next(x for x in self.tables if x.name == "t1")
            one = self.pick(t1.rows)
            fixed["t1_id"] = one["id"] if self.maybe(0.8) else "NULL"
            if self.maybe(0.9):
                fixed["k"] = "%s::%s" % (kinds.quote(one["k"]), kinds.SQL_TYPE[t.col("k").kind])
        out = []
        for c in cols:
            v = fixed.get(c.name) or self.pinned(t, c)
            if v is None and c.name == t.key:
                v = self.lit(c.kind)
            if v is None and c.kind in ("i4", "txt", "date") and self.maybe(0.06):
                v = self.scalar_sub(c.kind, [], 1)
            if v is None:
                r = self.rng.random()
                v = "DEFAULT" if r < 0.1 and not c.notnull else "NULL" if r < 0.2 and not c.notnull \
                    else self.expr(c.kind, [], 1)
            out.append(v)
        return "(%s)" % ", ".join(out)

    def some_columns(self, t):
        """Key columns and a random choice of the others."""
        cols = [c for c in t.writable() if c.notnull or c.name in ("t1_id", "rid") or self.maybe(0.8)]
        if self.maybe(0.4):
            self.rng.shuffle(cols)
        return cols

    def returning(self, t, alias, extra=()):
        if not self.maybe(0.4):
            return ""
        cols = self.refs(t, alias) + list(extra)
        r = self.rng.random()
        if r < 0.2 and not extra:
            return " RETURNING %s.*" % alias
        if r < 0.3:
            return " RETURNING %s AS c1, (SELECT count(*) FROM %s) AS c2" % (
                alias, self.pick([x for x in self.tables if x.place in ("ref", "local")]).sql)
        return " RETURNING " + ", ".join(
            "%s AS c%d" % (self.pick(cols).ref if self.maybe(0.6) else
                           self.expr(self.pick(["i4", "txt", "bool"]), cols, 1), i + 1)
            for i in range(self.rng.randint(1, 4)))

    # ---- INSERT
    def conflict(self, t, alias):
        if not t.pk and not t.uniques or not self.maybe(0.35):
            return ""
        cols = t.pk or t.uniques[0]
        free = [c for c in t.writable() if c.name not in (t.pk + ["rid", "t1_id", "x"]) and c.name != t.key]
        if self.maybe(0.45) or not free:
            return " ON CONFLICT %sDO NOTHING" % self.pick(["", "(%s) " % ", ".join(cols)])
        target = "(%s)" % ", ".join(cols)
        if t.pk and self.maybe(0.2):
            target = "ON CONSTRAINT %s" % (
                '"%s_pkey"' % t.raw() if t.raw() != t.name else t.name + "_pkey")
        sets = []
        for c in self.rng.sample(free, min(len(free), self.rng.randint(1, 3))):
            r = self.rng.random()
            value = "excluded.%s" % c.name if r < 0.5 else "coalesce(%s.%s, excluded.%s)" % (
                alias, c.name, c.name) if r < 0.8 else self.expr(c.kind, self.refs(t, alias), 1)
            sets.append("%s = %s" % (c.name, value))
        text = " ON CONFLICT %s DO UPDATE SET %s" % (target, ", ".join(sets))
        if self.maybe(0.4):
            text += " WHERE " + self.pred(self.refs(t, alias) + self.refs(t, "excluded"), 1)
        return text

    def insert(self):
        t = self.target()
        a = self.alias("t")
        cols = self.some_columns(t)
        if self.maybe(0.02):
            return [Step("INSERT INTO %s AS t DEFAULT VALUES" % t.sql, write=True)]
        n = self.rng.choice([1, 1, 1, 2, 4, 7])
        text = "INSERT INTO %s AS %s (%s) VALUES %s%s%s" % (
            t.sql, a, ", ".join(c.name for c in cols),
            ", ".join(self.row_values(t, cols) for _ in range(n)), self.conflict(t, a), self.returning(t, a))
        return [Step(text, write=True, any_violation=n > 1)]

    def insert_select(self):
        t = self.target()
        a = self.alias("t")
        source = self.from_item(0, self.rng.choice([1, 1, 2]))
        base, exprs = self.rng.randint(2, 900) * 1000, []
        cols = [c for c in self.some_columns(t) if c.name not in ("rid", "t1_id", "x")]
        for c in cols:
            if c.name == "id":
                exprs.append("%d + row_number() OVER (ORDER BY %s)" % (base, ", ".join(source.uniq)))
            elif c.name == t.key:
                same = [s for s in source.cols if s.key and s.kind == c.kind]
                exprs.append(self.pick(same).ref if same and self.maybe(0.7) else
                             "coalesce(%s, %s)" % (self.expr(c.kind, source.cols, 1), self.lit(c.kind)))
            else:
                exprs.append(self.expr(c.kind, source.cols, 1))
        text = "INSERT INTO %s AS %s (%s) SELECT %s FROM %s%s ORDER BY %s LIMIT %d%s%s" % (
            t.sql, a, ", ".join(c.name for c in cols), ", ".join(exprs), source.sql,
            self.where(source, 1), ", ".join(source.uniq), self.rng.choice([3, 10, 20]),
            self.conflict(t, a) if self.maybe(0.3) else "", self.returning(t, a))
        return [Step(text, write=True, any_violation=True)]

    # ---- UPDATE and DELETE
    def assignments(self, t, scope, move_key=0.04):
        skip = t.pk + ["id", "rid", "t1_id", "x", t.key]
        free = [c for c in t.writable() if c.name not in skip]
        picked = self.rng.sample(free, min(len(free), self.rng.choice([1, 1, 2, 3])))
        sets = []
        if len(picked) > 1 and self.maybe(0.2):
            return self._row_assignment(t, picked, scope)
        for c in picked:
            r = self.rng.random()
            if c.kind in ("ia", "ta") and self.maybe(0.4):
                sets.append("%s[%d] = %s" % (c.name, self.rng.randint(1, 3),
                                             self.expr("i4" if c.kind == "ia" else "txt", scope, 1)))
            elif c.kind == "comp" and self.maybe(0.4):
                sets.append("%s.a = %s" % (c.name, self.expr("i4", scope, 1)))
            elif r < 0.1:
                sets.append("%s = DEFAULT" % c.name)
            elif r < 0.2 and c.kind in ("i4", "i8", "txt", "num", "date"):
                sets.append("%s = %s" % (c.name, self.scalar_sub(c.kind, scope, 1)))
            elif r < 0.28 and len(picked) == 1:
                sets.append("(%s) = ROW(%s)" % (c.name, self.expr(c.kind, scope, 1)))
            else:
                sets.append("%s = %s" % (c.name, self.expr(c.kind, scope, 2)))
        if t.key and t.name not in ("t1", "t2") and self.maybe(move_key):
            sets.append("%s = %s" % (t.key, self.lit(t.col(t.key).kind)))
        return ", ".join(sets)

    def _row_assignment(self, t, picked, scope):
        """(a, b) = ROW(...) or = (SELECT ...), in any order of the columns."""
        self.rng.shuffle(picked)
        names = "(%s)" % ", ".join(c.name for c in picked)
        if self.maybe(0.5):
            return "%s = (%s)" % (names, ", ".join(self.expr(c.kind, scope, 1) for c in picked))
        item, where = self.inner_from(scope, 1, correlated=self.maybe(0.7))
        return "%s = (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1)" % (
            names, ", ".join(self.expr(c.kind, item.cols, 1) for c in picked), item.sql, where,
            ", ".join(item.uniq))

    def target_where(self, t, scope, sublinks=1):
        """WHERE for a write: by key often, everything seldom."""
        r = self.rng.random()
        if r < 0.35 and t.key:
            text = "%s" % self.key_pred(scope)
            return " WHERE " + text + (" AND " + self.pred(scope, 1, sublinks) if self.maybe(0.5) else "")
        if r < 0.5:
            ref = next(c.ref for c in scope if c.ref.endswith(".id"))
            return " WHERE %s %s %d" % (ref, self.pick(["=", "=", "<"]), self.rng.randint(1, 20))
        if r < 0.97:
            return " WHERE " + self.pred(scope, 2, sublinks)
        return ""

    def update(self):
        t, a = self.target(), self.alias("t")
        scope = self.refs(t, a)
        text = "UPDATE %s AS %s SET %s%s%s" % (
            t.sql, a, self.assignments(t, scope), self.target_where(t, scope), self.returning(t, a))
        return [Step(text, write=True, any_violation=True)]

    def single_match(self, t, scope):
        """A FROM item that joins at most once to each target row: (sql, cols, condition)."""
        r = self.rng.random()
        if r < 0.5:
            item = self.base(self.pick([x for x in self.tables if x.pk]), only=False)
            other = next(x for x in self.tables if x.sql == item.sql.split(" AS ")[0])
            conds = []
            for name in other.pk:
                c = next(c for c in item.cols if c.ref.endswith("." + name))
                mine = self.comparable(c, scope)
                conds.append("%s = %s" % (c.ref, mine.ref if mine else self.lit(c.kind)))
            return item.sql, item.cols, " AND ".join(conds)
        item, a = self.base(only=False), self.alias("g")
        c = self.pick([c for c in item.cols if self.comparable(c, scope)])
        sql = "(SELECT %s AS g1, count(*) AS g2, max(%s) AS g3 FROM %s%s GROUP BY 1) AS %s" % (
            c.ref, self.expr("txt", item.cols, 1), item.sql, self.where(item, 0, 0.4), a)
        cols = [Col(a + ".g1", c.kind), Col(a + ".g2", "i8"), Col(a + ".g3", "txt")]
        return sql, cols, "%s.g1 = %s" % (a, self.comparable(c, scope).ref)

    def update_from(self):
        t, a = self.target(), self.alias("t")
        scope = self.refs(t, a)
        sql, cols, cond = self.single_match(t, scope)
        text = "UPDATE %s AS %s SET %s FROM %s WHERE %s%s%s" % (
            t.sql, a, self.assignments(t, scope + cols), sql, cond,
            " AND " + self.pred(scope + cols, 1, 1) if self.maybe(0.5) else "", self.returning(t, a, cols))
        return [Step(text, write=True, any_violation=True)]

    def delete(self):
        t, a = self.target(("dist", "dist", "dist", "single", "local")), self.alias("t")
        scope = self.refs(t, a)
        where = self.target_where(t, scope)
        if self.maybe(0.7):
            where = (where + " AND " if where else " WHERE ") + "%s.id %% %d = %d" % (
                a, self.rng.randint(3, 9), self.rng.randint(0, 2))
        return [Step("DELETE FROM %s AS %s%s%s" % (t.sql, a, where, self.returning(t, a)),
                     write=True, any_violation=True)]

    def delete_using(self):
        t, a = self.target(("dist", "dist", "single", "local")), self.alias("t")
        scope = self.refs(t, a)
        item = self.base(only=False)
        cond = self.correlation(scope, item.cols) or "true"
        text = "DELETE FROM %s AS %s USING %s WHERE %s AND %s%s" % (
            t.sql, a, item.sql, cond, "%s.id %% 5 = %d" % (a, self.rng.randint(0, 4)), self.returning(t, a))
        return [Step(text, write=True, any_violation=True)]

    def merge(self):
        t, a = self.target(), self.alias("t")
        scope = self.refs(t, a)
        sql, cols, cond = self.single_match(t, scope)
        arms = [" WHEN MATCHED AND %s THEN UPDATE SET %s" % (
            self.pred(scope + cols, 1), self.assignments(t, scope + cols, 0))]
        if self.maybe(0.4):
            arms.append(" WHEN MATCHED THEN %s" % self.pick(["DO NOTHING", "DELETE"]))
        text = "MERGE INTO %s AS %s USING %s ON %s%s" % (t.sql, a, sql, cond, "".join(arms))
        return [Step(text, write=True, any_violation=True)]

    def keyed_write(self):
        """UPDATE, DELETE, MERGE with sub-SELECTs and conditions by the key of the target, which shards may run."""
        keyed = Keyed(self)
        t = self.pick([t for t in self.tables if t.key and t.col(t.key).kind == keyed.kind])
        a = self.alias("t")
        scope, key, number = self.refs(t, a), "%s.%s" % (a, t.key), a + ".a::int8"
        test = keyed.test(key, number)
        sub, s = keyed.single()
        name = self.alias("c")
        here = self.pick(["", "", " || left(random()::text, 0)"])
        extra = self.pick(["", " AND (%s)" % test, " AND %s.n > 1" % s])
        local = self.pick(["", "", ", (VALUES (1), (2), (5)) AS %s(v)" % name])
        if local:
            extra += " AND %s.id = %s.v" % (a, name)
        r = self.rng.random()
        if r < 0.4:
            text = "UPDATE %s AS %s SET b = left(coalesce(%s.b, '') || %s.n, 9)%s FROM %s%s WHERE %s.kk = %s%s%s" % (
                t.sql, a, a, s, here, sub, local, s, key, extra, self.returning(t, a))
        elif r < 0.6:
            text = "WITH %s AS %s(%s) UPDATE %s AS %s SET b = %s.m::text%s FROM %s WHERE %s.kk = %s%s" % (
                name, self.pick(["", "MATERIALIZED ", "NOT MATERIALIZED "]), "SELECT * FROM " + sub,
                t.sql, a, name, here, name, name, key, self.returning(t, a))
        elif r < 0.75:
            text = "DELETE FROM %s AS %s WHERE (%s) AND %s.id %% 4 = %d%s%s" % (
                t.sql, a, test, a, self.rng.randint(0, 3), self.pick(["", " AND random() >= 0"]), self.returning(t, a))
        elif r < 0.85:
            text = "UPDATE %s AS %s SET b = 'u'%s WHERE (%s)%s" % (t.sql, a, here, test, self.returning(t, a))
        else:
            text = "MERGE INTO %s AS %s USING %s ON %s.kk = %s%s%s" % (
                t.sql, a, sub, s, key, " WHEN MATCHED AND %s.n > 2 THEN DELETE" % s if t.name != "t1" else "",
                " WHEN MATCHED AND (%s) THEN UPDATE SET b = %s.m::text%s" % (test, s, here))
            if self.maybe(0.3):
                text += " WHEN NOT MATCHED THEN DO NOTHING"
        return [Step(text, write=True, any_violation=True)]

    # ---- several writes in one statement or transaction
    def writable_cte(self):
        one = self.pick([self.update, self.delete, self.insert])()[0].sql
        cut = one.rfind(" RETURNING ")
        core = one[:cut] if cut > 0 else one
        alias = core.split(" AS ")[1].split()[0]
        core += " RETURNING %s.id AS i, %s.b AS b" % (alias, alias)
        r = self.rng.random()
        if r < 0.4:
            return [Step("WITH w AS (%s) SELECT count(*) AS c1, max(b) AS c2 FROM w" % core,
                         write=True, any_violation=True)]
        if r < 0.7:
            item = self.base(only=False)
            ref = next((c.ref for c in item.cols if c.ref.endswith(".id")), "7")
            return [Step("WITH w AS (%s) SELECT w.i AS c1, w.b AS c2, %s AS c3 FROM w LEFT JOIN %s ON %s = w.i" % (
                core, self.pick(item.cols).ref, item.sql, ref), write=True, any_violation=True)]
        other = self.pick([t for t in self.tables if t.name in ("t4", "l1", "t5") and t.sql + " " not in core])
        key = "k, " if other.key else ""
        value = "%s, " % self.lit(other.col("k").kind) if other.key else ""
        return [Step("WITH w AS (%s) INSERT INTO %s (%sid, b) SELECT %si + %d, b FROM w ORDER BY i, b ON CONFLICT DO NOTHING" % (
            core, other.sql, key, value, self.rng.randint(1, 90) * 1000), write=True, any_violation=True)]

    def with_write(self):
        """WITH of SELECTs in front of UPDATE, DELETE or INSERT."""
        t, a = self.target(("dist", "dist", "dist", "single", "ref", "local")), self.alias("t")
        scope, item = self.refs(t, a), self.base(only=False)
        c = self.pick([c for c in item.cols if self.comparable(c, scope)])
        cte = "WITH %s c AS %s(SELECT %s AS g1, count(*) AS n, min(%s) AS v FROM %s%s GROUP BY 1)" % (
            "RECURSIVE" if self.maybe(0.1) else "", self.pick(["", "MATERIALIZED ", "NOT MATERIALIZED "]),
            c.ref, self.expr("txt", item.cols, 1), item.sql, self.where(item, 1, 0.6))
        mine, r = self.comparable(c, scope), self.rng.random()
        if r < 0.5:
            text = "%s UPDATE %s AS %s SET b = c.v FROM c WHERE c.g1 = %s%s%s" % (
                cte, t.sql, a, mine.ref, " AND " + self.pred(scope, 1) if self.maybe(0.5) else "",
                self.returning(t, a))
        elif r < 0.75 and t.name not in ("t1", "r1"):
            text = "%s DELETE FROM %s AS %s WHERE %s IN (SELECT g1 FROM c WHERE n %% 3 = 0)%s" % (
                cte, t.sql, a, mine.ref, self.returning(t, a))
        else:
            key = "%s, " % t.key if t.key else ""
            value = "%s, " % self.lit(t.col(t.key).kind) if t.key else ""
            text = ("%s INSERT INTO %s AS %s (%sb, id) SELECT %sv, %d + row_number() OVER (ORDER BY g1) "
                    "FROM c%s" % (cte, t.sql, a, key, value, self.rng.randint(2, 900) * 1000, self.returning(t, a)))
        return [Step(text, write=True, any_violation=True)]

    def create_as(self):
        """CREATE TABLE AS and SELECT INTO a local table, read back."""
        sql, out = self.plain(1)
        names = ["o%d" % i for i in range(len(out))]
        form = self.pick(["CREATE TABLE $S.made (%s) AS %s", "CREATE TEMP TABLE made_temp (%s) AS %s"])
        name = "$S.made" if "$S.made" in form else "made_temp"
        return [Step("BEGIN"), Step(form % (", ".join(names), sql)), Step("SELECT * FROM " + name),
                Step("ROLLBACK", write=True)]

    def truncate(self):
        t = self.pick([t for t in self.tables if t.name in ("t4", "t5", "l1") or t.place == "dist" and
                       t.name not in ("t1", "t2")])
        count = Step("SELECT count(*) FROM " + t.sql)
        return [Step("BEGIN"), Step("TRUNCATE " + t.sql, write=True), count,
                Step(self.pick(["ROLLBACK", "ROLLBACK", "ROLLBACK", "COMMIT"]), write=True), count]

    def one_write(self):
        return self.rng.choices([self.insert, self.insert_select, self.update, self.update_from, self.delete,
                                 self.delete_using], [35, 8, 30, 8, 14, 5])[0]()

    def one_read(self):
        sql, out, order = self.select(1)
        return [Step(sql, order)]

    def transaction(self):
        steps = [Step("BEGIN" + self.pick(["", "", "", " ISOLATION LEVEL REPEATABLE READ",
                                           " ISOLATION LEVEL SERIALIZABLE"]))]
        points = []
        for _ in range(self.rng.randint(2, 6)):
            r = self.rng.random()
            if r < 0.15:
                points.append(self.alias("sp"))
                steps.append(Step("SAVEPOINT " + points[-1]))
            elif r < 0.35 and points:
                steps.append(Step("%s %s" % (self.pick(["ROLLBACK TO", "ROLLBACK TO", "RELEASE"]), points[-1])))
                if steps[-1].sql.startswith("RELEASE"):
                    points.pop()
            else:
                steps += self.one_write() if self.maybe(0.65) else self.one_read()
        steps.append(Step(self.pick(["COMMIT", "COMMIT", "ROLLBACK"]), write=True))
        return steps

    def failing(self):
        """A statement that must fail with the same error."""
        t = self.pick([t for t in self.tables if t.pk])
        a, row = self.alias("t"), self.pick(t.rows)
        r = self.rng.randint(0, 7)
        pk = " AND ".join("%s.%s = %s" % (a, n, kinds.quote(row[n])) for n in t.pk)
        names = ", ".join(t.pk)
        values = ", ".join(kinds.quote(row[n]) for n in t.pk)
        if r == 0:
            return [Step("INSERT INTO %s (%s) VALUES (%s), (%s)" % (t.sql, names, values, values), write=True)]
        if r == 1:
            return [Step("UPDATE %s AS %s SET a = 5000 WHERE %s" % (t.sql, a, pk), write=True)]
        if r == 2:
            return [Step("SELECT 1 / (%s.id - %s) FROM %s AS %s WHERE %s" % (a, row["id"], t.sql, a, pk))]
        if r == 3:
            return [Step("SELECT no_such_column FROM %s" % t.sql)]
        if r == 4:
            return [Step("SELECT (%s.b || 'x')::int4 FROM %s AS %s WHERE %s" % (a, t.sql, a, pk))]
        if r == 5:
            return [Step("INSERT INTO %s (%s) VALUES (%s)" % (
                t.sql, names, ", ".join("NULL" if n == "id" else kinds.quote(row[n]) for n in t.pk)), write=True)]
        if r == 6:
            return [Step("SELECT (SELECT id FROM %s) FROM %s AS %s" % (t.sql, t.sql, a))]
        return [Step("INSERT INTO $S.t2 (k, id, rid) VALUES (%s, 77777, 999)" % kinds.quote(
            self.pick(next(x for x in self.tables if x.name == "t2").rows)["k"]), write=True)]

    def call(self):
        """Functions that read and write the tables, called often enough for generic plans."""
        if not self.views:
            return self.update()
        r, item = self.rng.randint(0, 3), self.base()
        ref = next((c.ref for c in item.cols if c.kind == "i4"), "7")
        if r == 0:
            return [Step("SELECT %s AS c1, $S.%s(%s) AS c2 FROM %s%s ORDER BY %s LIMIT 12" % (
                ref, self.pick(["f_count", "f_sql"]), ref, item.sql, self.where(item), ", ".join(item.uniq)), [0])]
        if r == 1:
            return [Step("SELECT * FROM %s WHERE $S.%s(%s %% 3 + 2) > %d" % (
                item.sql, self.pick(["f_count", "f_sql"]), ref, self.rng.randint(0, 4)))]
        if r == 2:
            return [Step("SELECT * FROM $S.f_rows(%d)" % self.rng.randint(2, 40))]
        return [Step("SELECT n, $S.f_put(n, %s) FROM generate_series(1, 8) AS n" % self.lit("txt"), write=True),
                Step("SELECT count(*), max(b) FROM $S.t1")]

    def copy(self):
        """COPY FROM STDIN of new rows, or COPY TO STDOUT."""
        t = self.target()
        if self.maybe(0.4):
            return [Step("COPY %s TO STDOUT" % t.sql if self.maybe(0.4) and not t.partition and t.name != "v1"
                         and not any(c.generated for c in t.cols) else
                         "COPY (%s) TO STDOUT WITH (FORMAT csv, HEADER)" % self.plain(0)[0])]
        cols = [c for c in t.writable() if c.name not in ("rid", "t1_id", "x")]
        lines = []
        for _ in range(self.rng.randint(1, 12)):
            cells = []
            for c in cols:
                v = self.pinned(t, c) or (None if not c.notnull and self.maybe(0.1) else kinds.value(self.rng, c.kind))
                cells.append("" if v is None else '"%s"' % v.replace('"', '""'))
            lines.append(",".join(cells))
        return [Step("COPY %s (%s) FROM STDIN WITH (FORMAT csv)" % (t.sql, ", ".join(c.name for c in cols)),
                     data="\n".join(lines) + "\n", write=True, any_violation=True)]
