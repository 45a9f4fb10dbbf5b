import http.server
import socket
import threading

import pytest

from preprocess.prepare_tfds import unreachable


def test_a_closed_port_is_unreachable_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in unreachable(f"http://127.0.0.1:{port}/x.zip")


def test_a_silent_host_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.zip"
        assert unreachable(url, seconds=0.3) in ("no answer within 0.3 s", "timed out")


@pytest.mark.parametrize("status, problem", [(200, None), (404, "Not Found")])
def test_a_host_that_answers(status, problem):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        assert unreachable(f"http://127.0.0.1:{server.server_port}/x.zip") == problem
        thread.join()
