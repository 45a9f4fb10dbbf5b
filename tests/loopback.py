"""A web server on the loopback address, for what would go to the network."""

import http.server
import socket
import socketserver
import threading
from contextlib import contextmanager, suppress


@contextmanager
def served(answer):
    """Calls `answer(handler)` for every request while the block runs; yields the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        do_HEAD = do_PUT = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def relayed(address, before):
    """A way to the server at an address; calls `before()` for each block of its answers."""
    host, port = address.rsplit("//", 1)[1].split(":")

    class Relay(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection((host, port)) as server:
                threading.Thread(target=_pass_on, args=(self.request, server), daemon=True).start()
                _pass_on(server, self.request, before)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as relay:
        relay.daemon_threads, relay.block_on_close = True, False
        threading.Thread(target=relay.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{relay.server_address[1]}"
        relay.shutdown()


def _pass_on(source, target, before=lambda: None):
    with suppress(OSError):
        while block := source.recv(2**16):
            before()
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


def send(handler, status, blocks=()):
    """Answers with a status and the blocks of a body."""
    handler.send_response(status)
    handler.end_headers()
    for block in blocks:
        handler.wfile.write(block)


def free_port():
    """A port that nothing listens on at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
