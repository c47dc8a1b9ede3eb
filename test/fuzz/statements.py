"""One numbered statement: a class name and its steps, from seed and number."""
import random

import kinds
from ahead import Ahead
from keyed import Keyed
from writes import Step, WriteGen

# class -> weight; names beginning with w_ change rows
CLASSES = [
    ("plain", 22), ("join", 14), ("grouped", 12), ("window", 6), ("setop", 6), ("keyed", 12), ("ahead", 8), ("cte", 7), ("recursive", 2),
    ("distinct_on", 2), ("locking", 3), ("star", 3), ("using", 3), ("prepared", 4), ("cursor", 2), ("failing", 2),
    ("w_insert", 6), ("w_insert_select", 3), ("w_update", 6), ("w_update_from", 3), ("w_delete", 3),
    ("w_delete_using", 2), ("w_merge", 1), ("w_cte", 2), ("w_truncate", 0.4), ("w_transaction", 5),
    ("w_prepared", 2), ("w_copy", 2), ("w_call", 2), ("w_with", 3), ("w_ctas", 1.5), ("w_keyed", 5)]


class Statement:
    """A numbered unit of comparison."""

    def __init__(self, number, cls, steps):
        self.number, self.cls, self.steps = number, cls, steps

    def writes(self):
        return any(s.write for s in self.steps)


def _prepared(gen, make):
    """PREPARE, seven EXECUTEs with new values, DEALLOCATE."""
    gen.params = []
    steps = make()
    body, params = steps[0], gen.params
    gen.params = None
    types = "(%s)" % ", ".join(kinds.SQL_TYPE[k].split(" COLLATE")[0] for k in params) if params else ""
    out = [Step("SET plan_cache_mode = " + gen.pick(
        ["auto", "auto", "force_generic_plan", "force_custom_plan"])),
        Step("PREPARE ps%s AS %s" % (types, body.sql))]
    for _ in range(7):
        args = "(%s)" % ", ".join("NULL" if gen.maybe(0.04) else kinds.literal(gen.rng, k) for k in params)
        out.append(Step("EXECUTE ps%s" % (args if params else ""), body.order, write=body.write,
                        any_violation=body.any_violation))
    return out + [Step("DEALLOCATE ps"), Step("RESET plan_cache_mode")]


def _cursor(gen):
    """DECLARE over a totally ordered SELECT, FETCH in pieces."""
    sql, out = gen.plain(1)
    sql += gen.ordering(out, True)[0]
    every = list(range(len(out)))
    scroll = gen.pick(["", "SCROLL "])
    steps = [Step("BEGIN"), Step("DECLARE cur %sCURSOR %sFOR %s" % (
        scroll, gen.pick(["", "WITH HOLD "]), sql)), Step("FETCH 2 FROM cur", every),
        Step("FETCH NEXT FROM cur", every)]
    if scroll:
        steps += [Step("FETCH BACKWARD 2 FROM cur", every), Step("FETCH LAST FROM cur", every)]
    if gen.maybe(0.4):
        steps += gen.insert()
    return steps + [Step("FETCH ALL FROM cur", every), Step("CLOSE cur"), Step("COMMIT", write=True)]


def _reads(gen, cls):
    makers = {
        "plain": lambda: gen.select(2, size=1), "join": lambda: gen.select(2, size=gen.pick([2, 2, 3, 4])),
        "cte": lambda: gen.with_ctes(2), "recursive": gen.recursive, "locking": gen.locking,
        "star": gen.star, "using": gen.using_select}
    if cls in makers:
        sql, out, order = makers[cls]()
        return [Step(sql, order)]
    if cls == "distinct_on":
        return [Step(gen.distinct_on(1)[0])]
    sql, out = {"grouped": gen.grouped, "window": gen.windowed, "setop": gen.setop,
                "keyed": lambda depth: Keyed(gen).statement(),
                "ahead": lambda depth: Ahead(gen).statement()}[cls](1)
    if gen.maybe(0.4):
        tail, order = gen.ordering(out, gen.maybe(0.5))
        return [Step(sql + tail, order)]
    return [Step(sql)]


def make(tables, views, seed, number, only_class=None):
    """The statement; independent of every other statement of the run."""
    gen = WriteGen(random.Random("%s/%s" % (seed, number)), tables)
    gen.views = views
    cls = gen.rng.choices([c for c, w in CLASSES], [w for c, w in CLASSES])[0]
    if only_class:
        cls = gen.pick(only_class)
    writes = {"w_insert": gen.insert, "w_insert_select": gen.insert_select, "w_update": gen.update,
              "w_update_from": gen.update_from, "w_delete": gen.delete, "w_delete_using": gen.delete_using,
              "w_merge": gen.merge, "w_cte": gen.writable_cte, "w_truncate": gen.truncate,
              "w_transaction": gen.transaction, "w_copy": gen.copy, "w_call": gen.call, "w_with": gen.with_write, "w_ctas": gen.create_as,
              "w_keyed": gen.keyed_write, "failing": gen.failing}
    if cls in writes:
        steps = writes[cls]()
    elif cls == "prepared":
        steps = _prepared(gen, gen.one_read)
    elif cls == "w_prepared":
        steps = _prepared(gen, lambda: gen.rng.choice([gen.insert, gen.update, gen.delete])())
    elif cls == "cursor":
        steps = _cursor(gen)
    else:
        steps = _reads(gen, cls)
    # equal numerics of different scale: which of them survives a UNION or max() is free
    loose = any(c.kind == "numx" for t in tables for c in t.cols) or any("round(" in s.sql for s in steps)
    for s in steps:
        s.loose = loose
    return Statement(number, cls, steps)
