"""Run statements on several databases in turns, compare what they answer,
and keep the times.  A database that fails or takes too long is reported."""
import re
import statistics
import time

import psycopg2
from psycopg2 import errors

SLOW = 3000  # ms; a statement above is not repeated


class Contender:
    """A database under test; "open" makes a connection to it."""

    def __init__(self, name, open_connection, timeout):
        self.name = name
        self.open = open_connection
        self.timeout = timeout
        self.connection = None

    def execute(self, text):
        """Returns (milliseconds until the result was here, its rows or the
        number of rows changed), or (None, what went wrong)."""
        if self.connection is None or self.connection.closed:
            self.connection = self.open()
            self.connection.cursor().execute(f"SET statement_timeout = '{self.timeout}s'")
        cursor = self.connection.cursor()
        start = time.perf_counter()
        try:
            cursor.execute(text)
            ms = 1000 * (time.perf_counter() - start)
            return ms, cursor.fetchall() if cursor.description else cursor.rowcount
        except errors.QueryCanceled:
            return None, "TIMEOUT"
        except psycopg2.Error as e:
            return None, f"ERROR {e.pgcode}: {str(e).strip().splitlines()[0]}"


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


def compare(name, text, contenders, rounds, check="", cleanup=""):
    """Runs a statement once on each contender for the answer, then in "rounds"
    more turns for the times; one that takes seconds is timed once only.
    "check" is a query whose answer must be equal too, "cleanup" undoes."""
    outcome = Outcome(name)
    for turn in range(rounds + 1):
        expected = None
        for contender in contenders:
            times = outcome.times.setdefault(contender.name, [])
            slow = turn > 1 and times and max(times) > SLOW and not check
            if slow or contender.name in outcome.wrong:
                continue
            ms, rows = contender.execute(text.replace("{turn}", str(turn)))
            answers = [(text, ms, rows)] + ([(check, *contender.execute(check))] if check else [])
            if cleanup:
                contender.execute(cleanup)
            expected = expected or answers
            problem = first_problem(expected, answers)
            if problem:
                outcome.wrong[contender.name] = problem
            elif turn > 0 or ms > SLOW:
                times.append(ms)
    return outcome


def first_problem(expected, answers):
    """Why the answers are not the expected ones, or None."""
    for (text, _, wanted), (_, ms, rows) in zip(expected, answers):
        if ms is None:
            return rows
        if not same(text, wanted, rows):
            return f"WRONG: {difference(wanted, rows)}"
    return None


def difference(expected, got):
    if not (isinstance(expected, list) and isinstance(got, list)):
        return f"{expected} on the plain server, {got} here"
    missing = [row for row in expected if row not in got][:3]
    extra = [row for row in got if row not in expected][:3]
    return f"{len(expected)} rows on the plain server, {len(got)} here; missing {missing}, extra {extra}"
