"""Column kinds: their SQL type, and seeded values in small, skewed domains.

Values are chosen so that a result never depends on evaluation order: floats
are multiples of 1/4 (sums are exact), intervals have one spelling per value.
"""

WORDS = ["ab", "abc", "Abc", "b", "xyz", "", " lead", "zeta", "O'Neil", "a\\b",
         "naïve", "日本", "x%y", "under_score", "null", "NULL", "long " * 4, "b,c"]
SHORT = ["ab", "abc", "Abc", "b", "xyz", "q1", "q2", "zeta", "é", "x y"]
COLORS = ["red", "green", "blue", "deep pink", "Black"]

SQL_TYPE = {
    "i2": "int2", "i4": "int4", "i8": "int8", "num": "numeric(10,2)", "numx": "numeric",
    "f8": "float8", "f4": "float4", "txt": "text", "vc": "varchar(12)", "bpc": "char(6)",
    "bool": "bool", "date": "date", "ts": "timestamp", "tstz": "timestamptz",
    "iv": "interval", "uuid": "uuid", "js": "jsonb", "bytea": "bytea",
    "ia": "int4[]", "ta": "text[]", "en": "ft.color", "dom": "ft.posint",
    "comp": "ft.pair",
    "tm": "time", "tmtz": "timetz", "inet": "inet", "rng": "int4range", "mr": "int4multirange",
    "vbit": "varbit(6)", "tsv": "tsvector", "oidk": "oid", "nam": "name", "chr": '"char"', "mny": "money",
    "ena": "ft.color[]", "cpa": "ft.pair[]", "domt": "ft.word", "nest": "ft.nest", "dcomp": "ft.dpair",
    "txc": 'text COLLATE "C"', "i8a": "int8[]",
}
PLAIN_KINDS = list(SQL_TYPE)
SQL_TYPE["newid"] = "int4"  # only as a parameter: an id that is probably free
INT_FAMILY = ["i2", "i4", "i8", "dom"]
TEXT_FAMILY = ["txt", "vc"]
KEY_KINDS = ["txt", "i8", "i2", "uuid", "date", "bpc", "numx", "tstz", "ts", "vc", "en",
             "bytea", "dom", "bool", "f8", "ia", "comp", "iv", "js", "tm", "tmtz", "inet", "rng", "mr", "oidk",
           "nam", "chr", "cpa", "domt", "dcomp", "txc"]

TYPES_DDL = [
    "CREATE SCHEMA ft",
    "CREATE TYPE ft.color AS ENUM ('red', 'green', 'blue', 'deep pink', 'Black')",
    "CREATE DOMAIN ft.posint AS int4 CHECK (VALUE >= 0)",
    "CREATE TYPE ft.pair AS (a int4, b text)",
    "CREATE DOMAIN ft.word AS text CHECK (VALUE <> 'forbidden')",
    "CREATE DOMAIN ft.dpair AS ft.pair CHECK ((VALUE).a IS DISTINCT FROM 99)",
    "CREATE TYPE ft.nest AS (p ft.pair, c ft.color[], w ft.word)",
]


def _skewed(rng, low, high):
    """An int in [low, high], small offsets from low far more often."""
    if rng.random() < 0.5:
        return low + min(int(rng.expovariate(0.35)), high - low)
    return rng.randint(low, high)


def _array(rng, item):
    return "{" + ",".join(item() for _ in range(rng.randint(0, 3))) + "}"


def _day(rng):
    return "2023-%02d-%02d" % (rng.randint(1, 3), _skewed(rng, 1, 12))


def _stamp(rng):
    return "%s %02d:%02d:00" % (_day(rng), rng.choice([0, 6, 12, 23]), rng.choice([0, 30]))


def _json(rng):
    return rng.choice([
        '{"a": %d}' % rng.randint(0, 4),
        '{"a": %d, "b": "%s"}' % (rng.randint(0, 4), rng.choice(["x", "y"])),
        '[1, %d]' % rng.randint(0, 4), 'null', '"s"', '{}', '{"b": {"c": [true]}}'])


def _more(rng, kind):
    """Kinds that only equality, order and the wire format are of interest for."""
    pair = '(%d,%s)' % (rng.randint(0, 3), rng.choice("xy"))
    made = {
        "tm": lambda: "%02d:%02d:00" % (rng.randint(0, 5), rng.choice([0, 30])),
        "tmtz": lambda: "%02d:00:00%s" % (rng.randint(0, 5), rng.choice(["+00", "+02"])),
        "inet": lambda: rng.choice(["10.0.0.%d", "10.0.0.%d/24", "fe80::%d"]) % rng.randint(1, 4),
        "rng": lambda: rng.choice(["empty", "[%d,%d)" % (rng.randint(0, 3), rng.randint(4, 8)), "(,3]", "[2,)"]),
        "mr": lambda: rng.choice(["{}", "{[1,3)}", "{[1,3),[5,%d)}" % rng.randint(6, 8)]),
        "vbit": lambda: "".join(rng.choice("01") for _ in range(rng.randint(0, 4))),
        "tsv": lambda: rng.choice(["'fat':2 'rat':3", "'cat'", "", "'a b':1A"]),
        "oidk": lambda: str(rng.randint(1, 12)),
        "nam": lambda: rng.choice(["alpha", "Beta", "a b", "x" * 63]),
        "chr": lambda: rng.choice(["a", "b", "Z"]),
        "mny": lambda: "$%d.%02d" % (rng.randint(0, 9), rng.choice([0, 50])),
        "ena": lambda: _array(rng, lambda: rng.choice(["red", "blue", '"deep pink"', "NULL"])),
        "cpa": lambda: _array(rng, lambda: rng.choice(['"%s"' % pair, "NULL"])),
        "domt": lambda: rng.choice(WORDS), "txc": lambda: rng.choice(WORDS),
        "nest": lambda: rng.choice(['("%s",{red},w)' % pair, '(,,)', '("%s","{blue,NULL}","a b")' % pair]),
        "i8a": lambda: _array(rng, lambda: rng.choice(["1", "9000000000", "NULL"])),
    }
    return made[kind]() if kind in made else None


def value(rng, kind):
    """The text form of one non-null value of the kind."""
    if kind == "i2":
        return str(_skewed(rng, -3, 15))
    if kind == "i4":
        return str(_skewed(rng, 0, 30))
    if kind == "newid":
        return str(rng.randint(200, 1000000))
    if kind == "i8":
        return str(_skewed(rng, 0, 30) if rng.random() < 0.95 else 9000000000 + rng.randint(0, 2))
    if kind == "dom":
        return str(_skewed(rng, 0, 25))
    if kind == "num":
        return "%d.%02d" % (_skewed(rng, -2, 20), rng.choice([0, 0, 25, 50]))
    if kind == "numx":
        return rng.choice(["%d", "%d.0", "%d.00", "%d.5"]) % _skewed(rng, 0, 20)
    if kind in ("f8", "f4"):
        if rng.random() < 0.03:
            return rng.choice(["NaN", "Infinity", "-Infinity"])
        return str(_skewed(rng, -2, 20) + rng.choice([0, 0, 0.25, 0.5]))
    if kind == "txt":
        return rng.choice(WORDS)
    if kind == "vc":
        return rng.choice(SHORT)
    if kind == "bpc":
        return rng.choice(SHORT).ljust(6) if rng.random() < 0.3 else rng.choice(SHORT)
    if kind == "bool":
        return rng.choice(["t", "t", "f"])
    if kind == "date":
        return _day(rng)
    if kind == "ts":
        return _stamp(rng)
    if kind == "tstz":
        return _stamp(rng) + rng.choice(["+00", "+02", "-05"])
    if kind == "iv":
        return rng.choice(["1 day", "2 days", "1 mon", "3 mons", "01:00:00", "00:30:00", "00:00:00"])
    if kind == "uuid":
        return "00000000-0000-4000-8000-%012x" % _skewed(rng, 1, 40)
    if kind == "js":
        return _json(rng)
    if kind == "bytea":
        return "\\x" + "".join("%02x" % rng.randint(0, 3) for _ in range(rng.randint(0, 3)))
    if kind == "ia":
        return _array(rng, lambda: rng.choice(["1", "2", "3", "NULL"]))
    if kind == "ta":
        return _array(rng, lambda: rng.choice(["a", "b", '"c d"', "NULL", '""']))
    if kind == "en":
        return rng.choice(COLORS)
    made = _more(rng, kind)
    if made is not None:
        return made
    if kind in ("comp", "dcomp"):
        return "(%d,%s)" % (rng.randint(0, 4), rng.choice(["x", "y", '"z z"', ""]))
    raise ValueError(kind)


def quote(text):
    """A string literal that is right under standard_conforming_strings."""
    return "'" + text.replace("'", "''") + "'"


def literal(rng, kind):
    """A typed SQL literal of the kind."""
    text = value(rng, kind)
    if kind == "i4" and not text.startswith("-"):
        return text
    if kind == "bool":
        return "true" if text == "t" else "false"
    if kind == "txc":
        return "%s::text" % quote(text)
    return "%s::%s" % (quote(text), SQL_TYPE[kind])
