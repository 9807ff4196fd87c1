"""The product service: /products/search?q=TERM and /products/NUMBER, a thread and a connection for each client."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from views import Shop, render

here = threading.local()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not hasattr(here, "shop"):
            here.shop = Shop(sys.argv[1])
        url = urlsplit(self.path)
        if url.path == "/products/search":
            page = here.shop.search_products_unindexed(parse_qs(url.query)["q"][0])
        else:
            page = here.shop.product(int(url.path.rsplit("/", 1)[1]))
        body = render(page)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
