"""A web server on the loopback address, for what would go to the network."""

import http.server
import socket
import threading
from contextlib import contextmanager


@contextmanager
def served(answer):
    """Calls `answer(handler)` for every GET and HEAD while the block runs; yields the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


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
