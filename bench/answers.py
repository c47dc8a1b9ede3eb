"""Run statements on several databases in turns, compare what they answer,
and keep the times.  A database that fails or takes too long is reported."""
import re
import statistics
import time

import psycopg2
from psycopg2 import errors


class Contender:
    """A database under test; "open" makes a connection to it."""

    def __init__(self, name, open_connection, timeout):
        self.name = name
        self.open = open_connection
        self.timeout = timeout
        self.connection = None

    def execute(self, text, fetch=True):
        """Returns (milliseconds, rows), or (None, what went wrong)."""
        if self.connection is None or self.connection.closed:
            self.connection = self.open()
            self.connection.cursor().execute(f"SET statement_timeout = '{self.timeout}s'")
        cursor = self.connection.cursor()
        start = time.perf_counter()
        try:
            cursor.execute(text)
            rows = cursor.fetchall() if fetch and cursor.description else cursor.rowcount
        except errors.QueryCanceled:
            return None, "TIMEOUT"
        except psycopg2.Error as e:
            return None, f"ERROR {e.pgcode}: {str(e).strip().splitlines()[0]}"
        return 1000 * (time.perf_counter() - start), rows


def normal(value):
    """Floats differ in the last digits with the order of addition."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return tuple(map(normal, value)) if isinstance(value, list) else value


def same(text, expected, got):
    """Are two results equal?  Their order counts when the statement has an
    ORDER BY of its own."""
    if not (isinstance(expected, list) and isinstance(got, list)):
        return expected == got
    expected, got = ([tuple(map(normal, row)) for row in rows] for rows in (expected, got))
    if not re.search(r"order by[^)]*$", text, re.IGNORECASE):
        expected, got = sorted(expected, key=repr), sorted(got, key=repr)
    return expected == got


class Outcome:
    """What one statement did on each database: times, or what went wrong."""

    def __init__(self, name):
        self.name = name
        self.times = {}
        self.wrong = {}

    def ms(self, contender):
        times = self.times.get(contender)
        return statistics.median(times) if times and contender not in self.wrong else None

    def ratio(self, contender, base="plain"):
        ours, theirs = self.ms(contender), self.ms(base)
        return ours / theirs if ours and theirs else None


def compare(name, text, contenders, rounds):
    """Runs a statement once on each contender for the answer, then in "rounds"
    more turns for the times; one that takes seconds is timed once only."""
    outcome, expected = Outcome(name), None
    for turn in range(rounds + 1):
        for contender in contenders:
            times = outcome.times.setdefault(contender.name, [])
            if contender.name in outcome.wrong or (turn > 1 and times[-1] > 3000):
                continue
            ms, rows = contender.execute(text)
            if ms is None:
                outcome.wrong[contender.name] = rows
                continue
            if turn == 0 and contender is contenders[0]:
                expected = rows
            elif turn == 0 and expected is not None and not same(text, expected, rows):
                outcome.wrong[contender.name] = f"WRONG: {difference(expected, rows)}"
            if turn > 0 or ms > 3000:
                times.append(ms)
    return outcome


def difference(expected, got):
    if not (isinstance(expected, list) and isinstance(got, list)):
        return f"{expected} on the plain server, {got} here"
    missing = [row for row in expected if row not in got][:3]
    extra = [row for row in got if row not in expected][:3]
    return f"{len(expected)} rows on the plain server, {len(got)} here; missing {missing}, extra {extra}"
