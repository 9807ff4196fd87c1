"""A socket that answers like Docker's, or as badly as it is told to."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class FakeEngine(socketserver.ThreadingUnixStreamServer):
    """`containers` are listed, `events` told after that. `manner` is good, garbage, silent, error or cut."""

    daemon_threads = True

    def __init__(self, path: Path, containers: list[dict[str, Any]], events: list[dict[str, Any]], manner: str) -> None:
        super().__init__(str(path), _Handler)
        self.containers, self.events, self.manner = containers, events, manner
        self.over = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: FakeEngine
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        if self.server.manner == "garbage":
            self.wfile.write(b"\x1b[31m\x00\xff no HTTP\r\n\r\n")
        elif self.server.manner == "silent":
            self.server.over.wait()
        else:
            super().handle()

    def do_GET(self) -> None:
        if self.server.manner == "error":
            self._answer({"message": "\x1b[31mno"}, 500)
        elif self.path.split("?")[0].endswith("/version"):
            self._answer({"ApiVersion": "1.41"})
        elif self.server.manner == "cut":
            self._answer([{"Id": 7}], length=1000)
            self.close_connection = True
        elif "/containers/json" in self.path:
            self._answer(self.server.containers)
        else:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in self.server.events:
                body = json.dumps(event).encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
                self.wfile.flush()
            self.server.over.wait()

    def _answer(self, content: object, status: int = 200, length: int = 0) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def address_string(self) -> str:
        return "test"


@contextmanager
def fake_engine(
    path: Path, containers: list[dict[str, Any]], events: list[dict[str, Any]] | None = None, manner: str = "good"
) -> Iterator[str]:
    """The address of such a socket while it is there."""
    server = FakeEngine(path, containers, events or [], manner)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"unix://{path}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
