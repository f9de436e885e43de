"""The application behind a real port, in a thread of the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response
from werkzeug.serving import WSGIRequestHandler, make_server


class QuietHandler(WSGIRequestHandler):
    """Says nothing about requests; the tests look at what the page shows."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[str]:
    """Serves `app` on a port of this machine, by default a free one, while open; its address."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def raising(app: Flask, endpoint: str, error: Exception) -> Iterator[None]:
    """The view raises the error while open; who may see it stays as it is."""
    usual = app.view_functions[endpoint]

    def fail(**_: object) -> Response:
        raise error

    vars(fail).update(vars(usual))
    app.view_functions[endpoint] = fail
    try:
        yield
    finally:
        app.view_functions[endpoint] = usual
