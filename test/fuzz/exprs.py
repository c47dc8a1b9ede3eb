"""Typed random expressions and predicates over the columns in scope.

Nothing here can raise at run time: an expression that may fail would fail or
not depending on the plan.  Statements that must fail are made in writes.py.
"""
import kinds
from kinds import INT_FAMILY, TEXT_FAMILY, SQL_TYPE


class Col:
    """A column reference in scope: its SQL text and its kind."""

    def __init__(self, ref, kind, key=None):
        self.ref, self.kind, self.key = ref, kind, key


class ExprGen:
    """Expression half of the generator; selects.py adds the query half."""

    def __init__(self, rng, tables):
        self.rng, self.tables = rng, tables
        self.params = None
        self.param_share = 0.5
        self.alias_no = 0

    # ---- small helpers
    def maybe(self, share):
        return self.rng.random() < share

    def pick(self, items):
        return self.rng.choice(items)

    def alias(self, base="q"):
        self.alias_no += 1
        return "%s%d" % (base, self.alias_no)

    def lit(self, kind):
        """A literal, or a parameter while a PREPARE is being generated."""
        if self.params is not None and len(self.params) < 6 and self.maybe(self.param_share):
            self.params.append(kind)
            return "$%d" % len(self.params)
        return kinds.literal(self.rng, kind)

    def cols(self, scope, family):
        return [c for c in scope if c.kind in family]

    # ---- expressions
    def expr(self, kind, scope, depth=2):
        """An expression of exactly this kind's SQL type."""
        same = self.cols(scope, [kind])
        if same and (depth <= 0 or self.maybe(0.55)):
            return self.pick(same).ref
        if depth > 0 and self.maybe(0.8):
            made = getattr(self, "_x_" + kind, self._x_generic)(scope, depth - 1)
            if made:
                return made
        if same and self.maybe(0.7):
            return self.pick(same).ref
        return "%s" % self.lit(kind)

    def _x_generic(self, scope, d, kind=None):
        return None

    def _common(self, kind, scope, d):
        r = self.rng.randint(0, 3)
        if r == 0:
            return "coalesce(%s, %s)" % (self.expr(kind, scope, d), self.lit(kind))
        if r == 1:
            return "CASE WHEN %s THEN %s ELSE %s END" % (
                self.pred(scope, 0), self.expr(kind, scope, d), self.expr(kind, scope, d))
        if r == 2:
            return "nullif(%s, %s)" % (self.expr(kind, scope, d), self.lit(kind))
        return "%s(%s, %s)" % (self.pick(["greatest", "least"]), self.expr(kind, scope, d),
                               self.expr(kind, scope, d))

    def _x_i4(self, scope, d):
        r = self.rng.randint(0, 10)
        if r <= 2:
            return "(%s %s %s)" % (self.expr("i4", scope, d), self.pick("+-"), self.rng.randint(0, 9))
        if r == 3:
            return "length(%s)" % self.expr("txt", scope, d)
        if r == 4:
            return "(%s %% 7)::int4" % self.expr("i8", scope, d)
        if r == 5:
            return "extract(day FROM %s)::int4" % self.expr("date", scope, d)
        if r == 6:
            return "cardinality(%s)" % self.expr("ia", scope, d)
        if r == 7:
            return "(%s)[1]" % self.expr("ia", scope, d)
        if r == 8 and self.cols(scope, ["comp"]):
            return "(%s).a" % self.pick(self.cols(scope, ["comp"])).ref
        if r == 9 and self.cols(scope, ["dom", "i2"]):
            return "%s::int4" % self.pick(self.cols(scope, ["dom", "i2"])).ref
        return self._common("i4", scope, d)

    def _x_i8(self, scope, d):
        r = self.rng.randint(0, 3)
        if r == 0:
            return "(%s + %s)" % (self.expr("i4", scope, d), "%d::int8" % self.rng.randint(0, 9))
        if r == 1:
            return "%s::int8" % self.expr("i4", scope, d)
        return self._common("i8", scope, d)

    def _x_num(self, scope, d):
        r = self.rng.randint(0, 3)
        if r == 0:
            return "(%s * 2 + %s)" % (self.expr("num", scope, d), self.expr("i4", scope, d))
        if r == 1:
            return "round(%s, 1)" % self.expr("num", scope, d)
        return self._common("num", scope, d)

    def _x_f8(self, scope, d):
        if self.maybe(0.5):
            return "(%s * 2)" % self.expr("f8", scope, d)
        return self._common("f8", scope, d)

    def _x_txt(self, scope, d):
        r = self.rng.randint(0, 10)
        t = self.expr("txt", scope, d)
        if r == 0:
            return "%s(%s)" % (self.pick(["lower", "upper", "md5", "reverse", "btrim"]), t)
        if r == 1:
            return "(%s || %s)" % (t, self.expr("txt", scope, d))
        if r == 2:
            return "substr(%s, 1, 2)" % t
        if r == 3:
            return "(%s)::text" % self.expr(self.pick(["vc", "en", "i4", "bool", "uuid", "date"]), scope, d)
        if r == 4:
            return "to_char(%s, 'YYYY-MM')" % self.expr(self.pick(["date", "ts"]), scope, d)
        if r == 5 and self.cols(scope, ["js"]):
            return "(%s ->> 'a')" % self.pick(self.cols(scope, ["js"])).ref
        if r == 6 and self.cols(scope, ["comp"]):
            return "(%s).b" % self.pick(self.cols(scope, ["comp"])).ref
        if r == 7:
            return "concat_ws('-', %s, %s)" % (t, self.expr("i4", scope, d))
        return self._common("txt", scope, d)

    def _x_vc(self, scope, d):
        if self.maybe(0.4):
            return "left(%s, 12)::varchar(12)" % self.expr("txt", scope, d)
        return "coalesce(%s, %s)::varchar(12)" % (self.expr("vc", scope, d), self.lit("vc"))

    def _x_bool(self, scope, d):
        return "(%s)" % self.pred(scope, min(d, 1))

    def _x_date(self, scope, d):
        if self.maybe(0.5):
            return "(%s + %d)" % (self.expr("date", scope, d), self.rng.randint(0, 5))
        return self._common("date", scope, d)

    def _x_ts(self, scope, d):
        if self.maybe(0.4):
            return "(%s + %s)" % (self.expr("ts", scope, d), self.lit("iv"))
        return "date_trunc('%s', %s)" % (self.pick(["day", "month"]), self.expr("ts", scope, d))

    def _x_tstz(self, scope, d):
        if self.maybe(0.4):
            return "(%s AT TIME ZONE 'UTC')" % self.expr("ts", scope, d)
        return self._common("tstz", scope, d)

    def _x_js(self, scope, d):
        r = self.rng.randint(0, 2)
        if r == 0:
            return "jsonb_build_object('x', %s, 'y', %s)" % (
                self.expr("i4", scope, d), self.expr("txt", scope, d))
        if r == 1:
            return "to_jsonb(%s)" % self.expr(self.pick(["i4", "txt", "bool"]), scope, d)
        return "(%s -> 'b')" % self.expr("js", scope, d)

    def _x_ia(self, scope, d):
        if self.maybe(0.5):
            return "ARRAY[%s, %s]" % (self.expr("i4", scope, d), self.expr("i4", scope, d))
        return "(%s || %s)" % (self.expr("ia", scope, d), self.expr("i4", scope, d))

    def _x_ta(self, scope, d):
        return "ARRAY[%s, %s]" % (self.expr("txt", scope, d), self.expr("txt", scope, d))

    def _x_comp(self, scope, d):
        return "ROW(%s, %s)::ft.pair" % (self.expr("i4", scope, d), self.expr("txt", scope, d))

    def _x_en(self, scope, d):
        return self._common("en", scope, d)

    def _x_uuid(self, scope, d):
        return self._common("uuid", scope, d)

    def _x_iv(self, scope, d):
        return "coalesce(%s, %s)" % (self.expr("iv", scope, d), self.lit("iv"))

    # ---- predicates
    def pred(self, scope, depth=2, sublinks=0):
        """A boolean expression; sublinks > 0 allows that depth of sub-SELECTs."""
        r = self.rng.random()
        if depth > 0 and r < 0.14:
            return "(%s AND %s)" % (self.pred(scope, depth - 1, sublinks), self.pred(scope, depth - 1))
        if depth > 0 and r < 0.28:
            return "(%s OR %s)" % (self.pred(scope, depth - 1, sublinks), self.pred(scope, depth - 1))
        if depth > 0 and r < 0.32:
            return "NOT (%s)" % self.pred(scope, depth - 1, sublinks)
        if sublinks > 0 and r < 0.55:
            return self.sublink_pred(scope, sublinks)
        return self._atom(scope)

    def sublink_pred(self, scope, depth):
        raise NotImplementedError

    def key_pred(self, scope):
        """A predicate on a distribution column, or None without one in scope."""
        keys = [c for c in scope if c.key]
        if not keys:
            return None
        c = self.pick(keys)
        r = self.rng.random()
        if r < 0.5:
            return "%s = %s" % (c.ref, self.lit(c.kind))
        if r < 0.65:
            return "%s = %s" % (self.lit(c.kind), c.ref)
        if r < 0.8:
            return "%s IN (%s)" % (c.ref, ", ".join(self.lit(c.kind) for _ in range(self.rng.randint(1, 4))))
        if r < 0.87 and c.kind not in ("ia", "ta", "ena", "cpa", "i8a"):
            return "%s = ANY (ARRAY[%s])" % (c.ref, ", ".join(self.lit(c.kind) for _ in range(3)))
        if r < 0.95:
            return "(%s = %s OR %s = %s)" % (c.ref, self.lit(c.kind), c.ref, self.lit(c.kind))
        return "%s IS NOT NULL" % c.ref

    def _atom(self, scope):
        if not scope:
            return self.pick(["true", "1 < 2", "'a' = 'a'"])
        if self.maybe(0.15):
            made = self.key_pred(scope)
            if made:
                return made
        c = self.pick(scope)
        special = self._special_atom(c, scope)
        if special and self.maybe(0.5):
            return special
        r = self.rng.random()
        if r < 0.4:
            return "%s %s %s" % (c.ref, self.pick(["=", "<", ">", "<=", ">=", "<>", "<>", ">", "<"]),
                                 self.lit(c.kind))
        if r < 0.55:
            return "%s IS %sNULL" % (c.ref, self.pick(["", "NOT ", "NOT "]))
        if r < 0.68:
            return "%s %sIN (%s)" % (c.ref, self.pick(["", "", "NOT "]),
                                     ", ".join(self.lit(c.kind) for _ in range(self.rng.randint(1, 4))))
        if r < 0.78:
            return "%s BETWEEN %s AND %s" % (c.ref, self.lit(c.kind), self.lit(c.kind))
        if r < 0.84:
            return "%s IS %sDISTINCT FROM %s" % (c.ref, self.pick(["", "NOT "]), self.lit(c.kind))
        other = self.comparable(c, scope)
        if other:
            return "%s %s %s" % (c.ref, self.pick(["=", "<", ">=", "<>"]), other.ref)
        return "%s > %s" % (c.ref, self.lit(c.kind))

    def _special_atom(self, c, scope):
        if c.kind in ("txt", "vc"):
            return "%s %s '%s'" % (c.ref, self.pick(["LIKE", "NOT LIKE", "ILIKE"]),
                                   self.pick(["a%", "%b%", "_b%", "%"]))
        if c.kind == "bool":
            return self.pick(["%s", "NOT %s", "%s IS NOT TRUE", "%s IS UNKNOWN"]) % c.ref
        if c.kind == "js":
            return self.pick(["%s ? 'a'", "%s @> '{\"a\": 1}'", "jsonb_typeof(%s) = 'object'"]) % c.ref
        if c.kind == "ia":
            return self.pick(["%s && '{1,2}'::int4[]", "%s @> '{1}'::int4[]", "2 = ANY (%s)",
                              "2 <> ALL (%s)"]) % c.ref
        if c.kind in INT_FAMILY and self.maybe(0.3):
            others = self.cols(scope, ["i4"])
            if others:
                return "(%s, %s) %s (%s, %s)" % (c.ref, self.pick(others).ref, self.pick(["<", "=", ">="]),
                                                 self.rng.randint(0, 9), self.rng.randint(0, 20))
        return None

    def comparable(self, c, scope, keys_only=False):
        """Another column in scope that `=` accepts on the other side."""
        if c.kind in INT_FAMILY:
            family = INT_FAMILY
        elif c.kind in TEXT_FAMILY:
            family = TEXT_FAMILY
        else:
            family = [c.kind]
        found = [o for o in scope if o.kind in family and o.ref != c.ref and (o.key or not keys_only)]
        return self.pick(found) if found else None
