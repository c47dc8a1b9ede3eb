"""Large results: when the first row comes, when the last, and how much memory
of its own the session's process takes meanwhile.  psycopg2 collects a result
before it returns, so this speaks the protocol itself."""
import os
import socket
import struct
import time


def anonymous_memory(pid):
    """Megabytes of a process that are neither shared nor of a file."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("RssAnon"))


class Session:
    """One connection that runs statements with the simple protocol."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(server.env["PGHOST"], ".s.PGSQL." + server.env["PGPORT"]))
        names = {"user": server.env["PGUSER"], "database": server.env["PGDATABASE"]}
        body = b"".join(f"{k}\0{v}\0".encode() for k, v in names.items()) + b"\0"
        self.socket.sendall(struct.pack("!II", len(body) + 8, 196608) + body)
        self.pid = None
        for kind, content in self.messages():
            if kind == b"K":
                self.pid = struct.unpack("!I", content[:4])[0]

    def read(self):
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        return chunk

    def messages(self):
        """Messages up to ReadyForQuery; an error is raised."""
        buffer, ready = b"", False
        while not ready:
            buffer += self.read()
            while len(buffer) >= 5 and len(buffer) > (size := struct.unpack("!I", buffer[1:5])[0]):
                kind, content, buffer = buffer[:1], buffer[5:size + 1], buffer[size + 1:]
                if kind == b"E":
                    raise RuntimeError(content.decode(errors="replace"))
                yield kind, content
                ready = kind == b"Z"

    def send(self, text):
        body = text.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(body) + 4) + body)

    def execute(self, text):
        """Runs a statement with a small result."""
        self.send(text)
        return list(self.messages())

    def pull(self, text):
        """Returns (ms to the first row, ms to the end, bytes, growth in MB)."""
        before = peak = anonymous_memory(self.pid)
        start = time.perf_counter()
        self.send(text)
        head = self.read()
        while b"D" not in kinds(head):
            head += self.read()
        first, size, looked, tail = time.perf_counter(), len(head), 0, head[-6:]
        while tail[:5] != b"Z\0\0\0\5":
            chunk = self.read()
            size += len(chunk)
            tail = (tail + chunk)[-6:]
            if size - looked > 4_000_000:
                looked, peak = size, max(peak, anonymous_memory(self.pid))
        end = time.perf_counter()
        peak = max(peak, anonymous_memory(self.pid))
        return 1000 * (first - start), 1000 * (end - start), size, peak - before

    def close(self):
        self.socket.close()


def kinds(buffer):
    """Types of the messages that begin in a buffer; errors are raised."""
    found, at = b"", 0
    while at + 5 <= len(buffer):
        found += buffer[at:at + 1]
        if found[-1:] == b"E":
            raise RuntimeError(buffer[at:].decode(errors="replace"))
        at += 1 + struct.unpack("!I", buffer[at + 1:at + 5])[0]
    return found
