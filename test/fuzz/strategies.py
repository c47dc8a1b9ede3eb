"""How the distributed side is to plan a statement: each strategy on and off in turn."""
import random

# what PostgreSQL does here instead when it is cheaper, or when nothing else is left
LOCAL_JOINS = ["enable_hashjoin", "enable_mergejoin", "enable_nestloop"]
# what rows of both sides of a join need to meet on the nodes
MEETING = ["shardlite.enable_exchange", "shardlite.enable_join_pushdown"]
LOCAL = ["enable_hashagg", "enable_sort", "enable_incremental_sort", "enable_material", "enable_memoize"]


def all_of(side):
    """The strategies that there are: new ones take part by themselves."""
    return [name for name, in side.run(r"SELECT name FROM pg_settings "
                                       r"WHERE name LIKE 'shardlite.enable\_%' AND vartype = 'bool' ORDER BY 1").rows]


def choose(names, seed, number):
    """The settings of a statement that are not the default, as {name: value}.

    In turns: all on, one off, only one on, some off; a strategy's turn comes
    every 4 * len(names) statements.  Joins of shards with rows sent to them
    compete with PostgreSQL's own joins: without those, shards do what they can.
    Tables are too small for an exchange of rows if it is to pay for its start.
    Rows of both sides of a join meet where nothing else is left.
    """
    rng = random.Random("%s/strategies %s" % (seed, number))
    one = (number // 4) % max(1, len(names))
    off = [[], names[one:one + 1], names[:one] + names[one + 1:],
           [name for name in names if rng.random() < 0.4]][number % 4]
    chosen = {name: "off" for name in off}
    if rng.random() < 0.4:
        chosen.update((name, "off") for name in LOCAL_JOINS)
    elif rng.random() < 0.4:
        chosen.update((name, "off") for name in LOCAL_JOINS if rng.random() < 0.6)
    chosen.update((name, "off") for name in LOCAL if rng.random() < 0.15)
    chosen["shardlite.exchange_startup_cost"] = "0"
    if rng.random() < 0.15:
        chosen.update((name, "off") for name in LOCAL_JOINS + ["shardlite.enable_broadcast"])
        chosen = {name: value for name, value in chosen.items() if name not in MEETING}
    if rng.random() < 0.1:
        chosen["geqo_threshold"] = "2"
    if rng.random() < 0.1:
        chosen["join_collapse_limit"] = "1"
    return chosen


def script(before, chosen):
    """SQL that leaves the settings `before` and takes on `chosen`; empty if they are the same."""
    parts = ["RESET " + name for name in sorted(set(before) - set(chosen))]
    parts += ["SET %s = %s" % (name, value) for name, value in sorted(chosen.items()) if before.get(name) != value]
    return "; ".join(parts)
