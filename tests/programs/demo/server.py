"""The product service, with eight threads and a database connection for each: server.py DATABASE"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from views import app
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

THREADS = 8


class Handler(WSGIRequestHandler):
    """Writes no log."""

    def log(self, *_: Any) -> None:
        pass


class Server(ThreadedWSGIServer):
    """Keeps its threads."""

    threads = ThreadPoolExecutor(THREADS)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.threads.submit(self.process_request_thread, request, client_address)


app.config["DATABASE"] = sys.argv[1]
Server("127.0.0.1", 8000, app, Handler).serve_forever()
