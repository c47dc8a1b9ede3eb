"""Servers for the benchmarks: a plain one and a cluster, made by
bin/shardlite-cluster in a temporary directory that is removed at the end."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import psycopg2

CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bin", "shardlite-cluster")


def run(args, **kwargs):
    return subprocess.run(args, check=True, text=True, capture_output=True, **kwargs)


class Server:
    """A cluster, or with workers=0 and extension=False a plain server."""

    def __init__(self, base, name, pg_config, workers=0, extension=True, settings=()):
        self.name = name
        self.dir = os.path.join(base, name)
        args = [CLUSTER, "up", "--dir", self.dir, "--nodes", str(workers), "--pg-config", pg_config]
        for s in settings:
            args += ["--set", s]
        if not extension:
            args.append("--no-extension")
        run(args)
        self.env = dict(os.environ)
        for key, value in re.findall(r"(PG\w+)='?([^' \n]*)'?", run([CLUSTER, "env", "--dir", self.dir]).stdout):
            self.env[key] = value
        self.pids = self.postmasters()

    def postmasters(self):
        """Process ids of the servers, by node."""
        pids = []
        for entry in sorted(os.listdir(self.dir)):
            pid_file = os.path.join(self.dir, entry, "postmaster.pid")
            if re.fullmatch(r"node\d+", entry) and os.path.exists(pid_file):
                with open(pid_file, encoding="ascii") as f:
                    pids.append(int(f.readline()))
        return pids

    def create_database(self, name):
        run([CLUSTER, "createdb", "--dir", self.dir, name])

    def connect(self, database=None):
        """A psycopg2 connection to node 0, in autocommit mode."""
        connection = psycopg2.connect(host=self.env["PGHOST"], port=self.env["PGPORT"], user=self.env["PGUSER"],
                                      dbname=database or self.env["PGDATABASE"])
        connection.autocommit = True
        return connection

    def psql(self, *args, database=None, **kwargs):
        """What psql prints; an error ends it and is raised."""
        return run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", database or self.env["PGDATABASE"], *args],
                   env=self.env, **kwargs).stdout

    def cpu(self):
        """User + system seconds of all server processes so far, by node."""
        tick = os.sysconf("SC_CLK_TCK")
        return [tree_ticks(pid) / tick for pid in self.pids]

    def down(self):
        subprocess.run([CLUSTER, "down", "--dir", self.dir], capture_output=True, check=False)


class Servers:
    """The servers of one run: "with Servers(pg_config) as servers"."""

    def __init__(self, pg_config):
        self.pg_config = pg_config
        self.started = []

    def __enter__(self):
        # cleaned up after kill and timeout, too
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.base = tempfile.mkdtemp(prefix="shardlite-bench-")
        os.chmod(self.base, 0o755)
        if os.getuid() == 0:
            shutil.chown(self.base, os.environ.get("SHARDLITE_OS_USER", "postgres"))
        return self

    def start(self, name, **kwargs):
        self.started.append(Server(self.base, name, self.pg_config, **kwargs))
        return self.started[-1]

    def plain(self, settings=()):
        return self.start("plain", extension=False, settings=settings)

    def __exit__(self, *_):
        for server in self.started:
            server.down()
        shutil.rmtree(self.base, ignore_errors=True)


def copy_table(table, source, target, database=None):
    """Sends a table's rows from one server to another."""
    reader = subprocess.Popen(["psql", "-X", "-q", "-c", f"COPY {table} TO STDOUT"],
                              env=source.env, stdout=subprocess.PIPE)
    target.psql("-c", f"COPY {table} FROM STDIN", database=database, stdin=reader.stdout)
    reader.stdout.close()
    if reader.wait() != 0:
        raise RuntimeError(f"COPY {table} TO STDOUT failed")


def parent_and_ticks(pid):
    """The parent of a process, and its CPU ticks: its own and those of reaped
    children; None when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def processes():
    """Every process there is, by id."""
    return {int(pid): found for pid in os.listdir("/proc") if pid.isdigit() and (found := parent_and_ticks(pid))}


def children(postmaster):
    """Process ids of a server's processes."""
    return [pid for pid, (parent, _, _) in processes().items() if parent == postmaster]


def tree_ticks(postmaster):
    """CPU ticks of a postmaster, its reaped children and its live children."""
    return sum(own + (reaped if pid == postmaster else 0)
               for pid, (parent, own, reaped) in processes().items() if postmaster in (pid, parent))
