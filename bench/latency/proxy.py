"""A TCP proxy on the loopback interface that holds every byte back for a while,
so that one machine shows what a network would."""
import queue
import socket
import threading
import time


class DelayingProxy:
    """Forwards its port to "target"; "delay" seconds each way, may be changed."""

    def __init__(self, target):
        self.target = target
        self.delay = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        start(self.accept)

    def accept(self):
        while True:
            start(self.connect, self.listener.accept()[0])

    def connect(self, client):
        """One connection; its handshake over a network would take a round trip."""
        time.sleep(2 * self.delay)
        server = socket.create_connection(("127.0.0.1", self.target))
        for source, sink in ((client, server), (server, client)):
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            chunks = queue.SimpleQueue()
            start(self.read, source, chunks)
            start(self.write, sink, chunks)

    def read(self, source, chunks):
        """Takes what comes and notes when it is due; empty means the end."""
        chunk = b"begin"
        while chunk:
            try:
                chunk = source.recv(1 << 16)
            except OSError:
                chunk = b""
            chunks.put((time.monotonic() + self.delay, chunk))

    def write(self, sink, chunks):
        while True:
            due, chunk = chunks.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not chunk:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(chunk)
            except OSError:
                return


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()
