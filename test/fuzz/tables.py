"""The tables of one epoch: shapes, DDL in both schemas, and their first rows.

Every SQL text is a template in which `$S` stands for the schema: `d` for the
tables that are distributed, `p` for their plain copies.
"""
import kinds

NAMES = {"i2": "c_small", "i4": "c_int", "txt": '"Txt Col"', "vc": '"Vc"', "en": "color",
         "js": "doc", "bool": '"select"', "tstz": '"At"', "comp": "pair",
         "date": '"a_rather_long_column_name_that_uses_all_of_the_63_bytes_it_can"'}


class Column:
    """One column: quoted name, kind, and what the DDL says about it."""

    def __init__(self, name, kind, notnull=False, default=None, generated=None):
        self.name, self.kind = name, kind
        self.notnull, self.default, self.generated = notnull, default, generated

    def ddl(self):
        text = "%s %s" % (self.name, kinds.SQL_TYPE[self.kind])
        if self.generated:
            return text + " GENERATED ALWAYS AS (%s) STORED" % self.generated
        if self.default:
            text += " DEFAULT " + self.default
        return text + (" NOT NULL" if self.notnull else "")


class Table:
    """A logical table. place: dist, single, ref or local."""

    def __init__(self, name, place, key=None):
        self.name, self.place, self.key = name, place, key
        self.cols, self.pk, self.constraints, self.foreign = [], [], [], []
        self.uniques, self.colocate, self.junk, self.rows = [], None, [], []
        self.partition, self.leaves = "", []

    @property
    def sql(self):
        return "$S." + self.name

    def col(self, name):
        return next(c for c in self.cols if c.name == name)

    def writable(self):
        return [c for c in self.cols if not c.generated]

    def fixed(self):
        """Columns that other things depend on."""
        return self.pk + ["k", "id", "b", "x", "rid", "t1_id", self.key]

    def raw(self):
        return self.name.strip('"')

    def create(self):
        items, junk = [], list(self.junk)
        for i, c in enumerate(self.cols):
            for at, j in junk:
                if at == i:
                    items.append("%s int4 DEFAULT 7" % j)
            items.append(c.ddl())
        if self.pk:
            items.append("PRIMARY KEY (%s)" % ", ".join(self.pk))
        items += self.constraints
        out = ["CREATE TABLE %s (\n\t%s\n)" % (self.sql, ",\n\t".join(items))]
        out[0] += self.partition
        for name, what in self.leaves:
            parent = max((p for p, _ in self.leaves if name.startswith(p) and name != p), default=self.name)
            out.append("CREATE TABLE $S.%s PARTITION OF $S.%s %s" % (name, parent, what))
        return out + ["ALTER TABLE %s DROP COLUMN %s" % (self.sql, j) for at, j in self.junk]

    def insert(self, rows):
        cols = self.writable()
        body = ",\n\t".join(
            "(" + ", ".join("NULL" if r[c.name] is None else kinds.quote(r[c.name]) for c in cols) + ")"
            for r in rows)
        return "INSERT INTO %s (%s) VALUES\n\t%s" % (self.sql, ", ".join(c.name for c in cols), body)

    def distribute(self):
        if self.place == "ref":
            return "SELECT create_reference_table(%s)" % kinds.quote(self.sql)
        if self.place == "single":
            return "SELECT create_distributed_table(%s, NULL)" % kinds.quote(self.sql)
        if self.place != "dist":
            return None
        extra = ", colocate_with => %s" % kinds.quote(self.colocate) if self.colocate else ""
        return "SELECT create_distributed_table(%s, %s%s)" % (
            kinds.quote(self.sql), kinds.quote(self.key.strip('"')), extra)


def _extra_columns(rng, table, count):
    """Columns of random kinds under plain or awkward names."""
    taken = {c.name for c in table.cols}
    usual = kinds.PLAIN_KINDS[:kinds.PLAIN_KINDS.index("tm")]
    for kind in [rng.choice(usual if rng.random() < 0.75 else kinds.PLAIN_KINDS) for _ in range(count)]:
        name = NAMES.get(kind, "c_" + kind) if rng.random() < 0.8 else "c_" + kind
        if name in taken:
            continue
        default = kinds.literal(rng, kind) if rng.random() < 0.25 else None
        table.cols.append(Column(name, kind, default=default))
        taken.add(name)


def _base(rng, name, place, key_kind=None, key="k", wide=6):
    """A table with [key,] id, a, b and extra columns; its junk columns are dropped later."""
    t = Table(name, place, key if key_kind else None)
    if key_kind:
        t.cols.append(Column(key, key_kind, notnull=True))
    t.cols.append(Column("id", "i4", notnull=True))
    t.cols.append(Column("a", rng.choice(["i4", "i4", "i8"])))
    t.cols.append(Column("b", "txt", default="'dflt'" if rng.random() < 0.4 else None))
    _extra_columns(rng, t, wide)
    if rng.random() < 0.5:
        t.cols.append(Column("gen", "i8", generated="coalesce(a, 0) * 2 + id"))
    if rng.random() < 0.4:
        head, tail = t.cols[:1], t.cols[1:]
        rng.shuffle(tail)
        t.cols = tail[:2] + head + tail[2:] if rng.random() < 0.5 else head + tail
    for i in range(rng.choice([0, 1, 1, 2])):
        t.junk.append((rng.randint(0, len(t.cols) - 1), "junk%d" % i))
    if rng.random() < 0.5:
        t.constraints.append("CONSTRAINT %s CHECK (a <> 5000)" % ("%s_a_limit" % t.raw().replace(" ", "_")))
    return t


def _fill(rng, t, count, fixed=None):
    """Random rows; ids are unique, so is (key, id).  Some tables are full of NULLs, or of one key."""
    nulls = rng.choice([0.02, 0.15, 0.15, 0.6])
    hot = kinds.value(rng, t.col(t.key).kind) if t.key and rng.random() < 0.3 else None
    for i in range(count):
        row = {}
        for c in t.writable():
            if c.name == "id":
                row[c.name] = str(i + 1)
            elif c.name == t.key and hot is not None and rng.random() < 0.7:
                row[c.name] = hot
            elif not c.notnull and rng.random() < nulls:
                row[c.name] = None
            else:
                row[c.name] = kinds.value(rng, c.kind)
        row.update(fixed(i) if fixed else {})
        t.rows.append(row)


def _references(rng):
    r1 = _base(rng, "r1", "ref", wide=3)
    r1.pk = ["id"]
    _fill(rng, r1, 20)
    r2 = _base(rng, '"Ref Two"', "ref", wide=4)
    r2.pk = ["id"]
    _fill(rng, r2, 12)
    return r1, r2


def _colocated(rng, r1):
    """t1 and t2, colocated; t2 refers to t1 and to r1."""
    kind = rng.choice(["i4", "i4", "i8", "txt", "uuid"])
    t1 = _base(rng, "t1", "dist", kind)
    t1.pk = ["k", "id"]
    _fill(rng, t1, rng.choice([60, 90, 140]))
    t2 = _base(rng, "t2", "dist", kind)
    t2.colocate = "$S.t1"
    t2.pk = ["k", "id"] if rng.random() < 0.7 else ["id", "k"]
    t2.cols.append(Column("t1_id", "i4"))
    t2.cols.append(Column("rid", "i4"))

    def fixed(i):
        one = rng.choice(t1.rows)
        return {"k": one["k"], "t1_id": one["id"] if rng.random() < 0.8 else None,
                "rid": rng.choice(r1.rows)["id"] if rng.random() < 0.85 else None}
    _fill(rng, t2, rng.choice([50, 80, 120]), fixed=fixed)
    action = rng.choice(["", " ON DELETE CASCADE"])
    t2.foreign.append(("t2_t1_fkey", "(k, t1_id)", "$S.t1 (k, id)", action))
    t2.foreign.append(("t2_r1_fkey", "(rid)", "$S.r1 (id)", rng.choice(["", " ON DELETE SET NULL"])))
    return t1, t2


def _partition(rng, t, deep):
    """Partition the table by id, one partition perhaps by id again."""
    t.partition = " PARTITION BY RANGE (id)"
    t.leaves = [(t.name + "_low", "FOR VALUES FROM (MINVALUE) TO (30)"),
                (t.name + "_mid", "FOR VALUES FROM (30) TO (1000)" + (" PARTITION BY HASH (id)" if deep else ""))]
    if deep:
        t.leaves += [("%s_mid%d" % (t.name, i), "FOR VALUES WITH (MODULUS 2, REMAINDER %d)" % i) for i in range(2)]
    t.leaves.append((t.name + "_rest", "DEFAULT"))


def _loners(rng, r1, key_kind):
    """t3 with an odd key type, t4 without a primary key, t5 single-shard, t6 partitioned, l1 local."""
    t3 = _base(rng, rng.choice(['"Tab Three"', "t3"]), "dist", rng.choice(kinds.KEY_KINDS),
               key=rng.choice(['"Key"', "k"]))
    t3.pk = [t3.key, "id"]
    _fill(rng, t3, 70)
    t4 = _base(rng, "t4", "dist", rng.choice(["i4", "i8", "i2", "numx"]), wide=4)
    t4.colocate = "none"
    t4.cols.append(Column("x", "i4"))
    t4.uniques.append(["k", "x"])
    t4.constraints.append("CONSTRAINT t4_kx UNIQUE (k, x)")
    _fill(rng, t4, 80, fixed=lambda i: {"x": str(i) if i % 4 else None, "id": str(rng.randint(1, 40))})
    t5 = _base(rng, "t5", "single", wide=4)
    t5.pk = ["id"]
    _fill(rng, t5, 40)
    t6 = _base(rng, "t6", "dist", rng.choice(["i4", "txt", "i8", key_kind]), wide=3)
    t6.pk = ["k", "id"]
    if t6.col("k").kind == key_kind:
        t6.colocate = rng.choice([None, "$S.t1"])
    _partition(rng, t6, rng.random() < 0.5)
    _fill(rng, t6, 60)
    l1 = _base(rng, "l1", "local", wide=4)
    l1.pk = ["id"]
    if rng.random() < 0.4:
        _partition(rng, l1, rng.random() < 0.5)
    l1.cols.append(Column("rid", "i4"))
    _fill(rng, l1, 40, fixed=lambda i: {"rid": rng.choice(r1.rows)["id"] if i % 5 else None})
    return t3, t4, t5, t6, l1


def build(rng):
    """All tables of an epoch, in an order in which they can be created."""
    r1, r2 = _references(rng)
    t1, t2 = _colocated(rng, r1)
    return [r1, r2, t1, t2] + list(_loners(rng, r1, t1.col("k").kind))


def views(tables, rng):
    """Views as readable Tables, and the steps that make them and the functions of an epoch."""
    t1, t2 = (next(t for t in tables if t.name == n) for n in ("t1", "t2"))
    v1 = Table("v1", "view", "k")
    v1.cols, v1.pk = t1.cols, t1.pk
    v2 = Table('"View Two"', "view", "k")
    v2.cols = [Column("k", t1.col("k").kind), Column("n", "i8"), Column("top", "txt")]
    v2.pk = ["k"]
    body = "SELECT count(*) FROM $S.t1 x LEFT JOIN $S.r1 y ON y.id = x.a WHERE x.id < v"
    steps = [
        "CREATE VIEW $S.v1 AS SELECT * FROM $S.t1 WHERE id > %d" % rng.randint(0, 9),
        'CREATE VIEW $S."View Two" AS SELECT x.k, count(*) AS n, max(y.b) AS top '
        "FROM $S.t2 x %s JOIN $S.t1 y ON x.k = y.k GROUP BY x.k" % rng.choice(["", "LEFT"]),
        "CREATE FUNCTION $S.f_count(v int4) RETURNS int8 LANGUAGE plpgsql STABLE AS "
        "$$DECLARE n int8; BEGIN %s; RETURN n; END$$" % body.replace("count(*)", "count(*) INTO n"),
        "CREATE FUNCTION $S.f_sql(v int4) RETURNS int8 LANGUAGE sql STABLE AS $$ %s$$" % body,
        "CREATE FUNCTION $S.f_rows(v int4) RETURNS SETOF $S.t2 LANGUAGE sql STABLE AS "
        "$$ SELECT * FROM $S.t2 WHERE id < v$$",
        "CREATE FUNCTION $S.f_put(v int4, w text) RETURNS int4 LANGUAGE plpgsql AS $$"
        "DECLARE n int4; BEGIN UPDATE $S.t1 SET b = w WHERE id = v AND b <> w; GET DIAGNOSTICS n = ROW_COUNT; "
        "BEGIN INSERT INTO $S.t1 SELECT * FROM $S.t1 WHERE id = v; EXCEPTION WHEN OTHERS THEN n := n + 100; END; "
        "RETURN n; END$$"]
    return [v1, v2], [(sql, False, True) for sql in steps]


def alterations(tables, rng):
    """Change some distributed tables; the model follows."""
    steps = []
    for t in tables:
        if rng.random() < 0.4:
            kind = rng.choice(kinds.PLAIN_KINDS)
            default = kinds.literal(rng, kind) if rng.random() < 0.6 else None
            c = Column("added", kind, default=default)
            steps.append("ALTER TABLE %s ADD COLUMN %s" % (t.sql, c.ddl()))
            t.cols.append(c)
        spare = [c for c in t.cols if c.name.startswith("c_") and c.name not in t.fixed()]
        if spare and rng.random() < 0.25:
            c = rng.choice(spare)
            steps.append("ALTER TABLE %s DROP COLUMN %s" % (t.sql, c.name))
            t.cols.remove(c)
            spare.remove(c)
        if spare and rng.random() < 0.25:
            c = rng.choice(spare)
            steps.append('ALTER TABLE %s RENAME COLUMN %s TO "Renamed %s"' % (t.sql, c.name, c.kind))
            c.name = '"Renamed %s"' % c.kind
        free = [c for c in t.cols if c.kind == "i4" and not c.generated and c.name not in t.fixed() + ["a"]]
        if free and rng.random() < 0.3:
            c = rng.choice(free)
            c.kind = "i8"
            steps.append("ALTER TABLE %s ALTER COLUMN %s TYPE int8" % (t.sql, c.name))
        if rng.random() < 0.2:
            steps.append("CREATE UNIQUE INDEX ON %s (%s) WHERE b = 'nowhere'" % (
                t.sql, ", ".join(t.pk or t.uniques[0])))
    return [(sql, False, True) for sql in steps]


def policies(tables):
    """Row security on t1 and r1 for the role under which statements run."""
    out = ["GRANT ALL ON SCHEMA $S, ft TO fuzz_role", "GRANT ALL ON ALL TABLES IN SCHEMA $S TO fuzz_role"]
    for name in ("t1", "r1"):
        out += ["ALTER TABLE $S.%s ENABLE ROW LEVEL SECURITY" % name,
                "CREATE POLICY visible ON $S.%s TO fuzz_role USING (id %% 7 <> 2) WITH CHECK (id %% 11 <> 3)" % name]
    return [(sql, False, True) for sql in out]


def setup_steps(tables, rng, distribute):
    """List of (template, only_d, optional): half of the rows come before distribution."""
    steps = []
    for t in tables:
        steps += [(sql, False, False) for sql in t.create()]
        half = len(t.rows) // 2 if rng.random() < 0.7 else 0
        if half:
            steps.append((t.insert(t.rows[:half]), False, False))
        if distribute and t.distribute():
            steps.append((t.distribute(), True, False))
        steps.append((t.insert(t.rows[half:]), False, False))
        if rng.random() < 0.5:
            c = rng.choice(t.cols)
            if c.kind not in ("comp",):
                steps.append(("CREATE INDEX ON %s (%s)" % (t.sql, c.name), False, True))
    for t in tables:
        for name, cols, target, action in t.foreign:
            steps.append(("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY %s REFERENCES %s%s"
                          % (t.sql, name, cols, target, action), False, True))
    steps += [("ANALYZE %s" % t.sql, False, True) for t in tables if rng.random() < 0.5]
    return steps
