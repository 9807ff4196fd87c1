"""A TLS server that answers like the Kubernetes API does for pods, or as badly as it is told to."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded/pods.json").read_text())
TOKEN = "eyJhbGciOi.recorded.token"
STATUS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
GONE = {**STATUS, "message": "too old resource version: 184233 (184240)", "reason": "Expired", "code": 410}


class FakeCluster(ThreadingHTTPServer):
    """`manner` is good, 401, 403, silent, slow (a byte now and then), cut, garbage or huge; it may change meanwhile.

    `tell` sends an event to all watches and keeps the list true; `break_off` ends all watches. `requests` are the
    queries that came.
    """

    daemon_threads = True

    def __init__(self, folder: Path, pods: list[dict[str, Any]], manner: str = "good") -> None:
        self.pods = {pod["metadata"]["uid"]: pod for pod in deepcopy(pods)}
        self.manner, self.version, self.requests = manner, 184233, list[dict[str, str]]()
        self.events: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self.over, self.broken = False, 0
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def tell(self, kind: str, pod: dict[str, Any]) -> None:
        with self.changed:
            self.version += 1
            pod = deepcopy(pod)
            pod["metadata"]["resourceVersion"] = str(self.version)
            uid = pod["metadata"]["uid"]
            self.pods = {**{key: old for key, old in self.pods.items() if key != uid}}
            if kind != "DELETED":
                self.pods[uid] = pod
            self.events.append({"type": kind, "object": {"kind": "Pod", "apiVersion": "v1", **pod}})
            self.changed.notify_all()

    def tell_raw(self, event: dict[str, Any]) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def break_off(self) -> None:
        with self.changed:
            self.broken += 1
            self.changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    server: FakeCluster
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.requests.append(query)
        manner = self.server.manner
        if manner == "401" or self.headers.get("Authorization", "").lower() != f"bearer {TOKEN}".lower():
            self._answer({**STATUS, "message": "Unauthorized", "reason": "Unauthorized", "code": 401}, 401)
        elif manner == "403":
            why = 'pods is forbidden: User "system:serviceaccount:icetop:icetop" cannot list resource "pods"'
            self._answer(
                {**STATUS, "message": why, "reason": "Forbidden", "details": {"kind": "pods"}, "code": 403}, 403
            )
        elif manner == "silent":
            self._wait_for_the_end()
        elif query.get("watch"):
            self._watch(query)
        elif parts.path == "/api/v1/pods":
            self._list(query)
        else:
            name = parts.path.rsplit("/", 1)[-1]
            found = [pod for pod in self.server.pods.values() if pod["metadata"]["name"] == name]
            self._answer(*((found[0], 200) if found else ({**STATUS, "reason": "NotFound", "code": 404}, 404)))

    def _list(self, query: dict[str, str]) -> None:
        wanted = query.get("fieldSelector", "").removeprefix("spec.nodeName=")
        items = [pod for pod in self.server.pods.values() if not wanted or pod["spec"]["nodeName"] == wanted]
        first, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or len(items)
        metadata: dict[str, Any] = {"resourceVersion": str(self.server.version)}
        if first + limit < len(items):
            metadata |= {"continue": str(first + limit), "remainingItemCount": len(items) - first - limit}
        self._answer({**RECORDED, "metadata": metadata, "items": items[first : first + limit]}, 200)

    def _watch(self, query: dict[str, str]) -> None:
        server = self.server
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        broken = server.broken
        since = int(query.get("resourceVersion", 0))
        place = next((at for at, event in enumerate(server.events) if _version_of(event) > since), len(server.events))
        while not server.over and server.broken == broken:
            with server.changed:
                if place == len(server.events):
                    server.changed.wait(0.5)
                events, place = server.events[place:], len(server.events)
            for event in events:
                body = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
                self.wfile.flush()
                if event["type"] == "ERROR":
                    self.wfile.write(b"0\r\n\r\n")
                    return
        self.close_connection = True

    def _answer(self, content: object, status: int) -> None:
        body = json.dumps(content).encode()
        manner = self.server.manner
        if manner == "garbage":
            body = b"\x1b[31m\xff{" * 100
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) + (1000 if manner == "cut" else 0)))
        self.end_headers()
        if manner == "slow":
            for byte in body:
                if self.server.over:
                    return
                self.wfile.write(bytes((byte,)))
                time.sleep(0.05)
        self.wfile.write(body)
        self.close_connection = manner == "cut"

    def _wait_for_the_end(self) -> None:
        with self.server.changed:
            self.server.changed.wait_for(lambda: self.server.over)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _version_of(event: dict[str, Any]) -> int:
    return int(event["object"].get("metadata", {}).get("resourceVersion", 0) or 0)


@contextmanager
def fake_cluster(folder: Path, pods: list[dict[str, Any]] | None = None, manner: str = "good") -> Iterator[FakeCluster]:
    """Such a server while it is there. `folder` (see `certificates`) has its certificate."""
    server = FakeCluster(folder, RECORDED["items"] if pods is None else pods, manner)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with server.changed:
            server.over = True
            server.changed.notify_all()
        server.shutdown()
        with suppress(OSError):
            server.server_close()


def certificates(folder: Path) -> Path:
    """`folder` with a certificate for 127.0.0.1 (server.crt, server.key), which is its own authority (ca.crt)."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate can be made")
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=kube-apiserver "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {folder}/server.key -out {folder}/server.crt"
    )
    subprocess.run(words.split(), check=True, capture_output=True)
    (folder / "ca.crt").write_bytes((folder / "server.crt").read_bytes())
    return folder


def kubeconfig(path: Path, server: FakeCluster, folder: Path, token: str = TOKEN) -> Path:
    """A kubeconfig for such a server, as kubeadm writes them."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [
            {"name": "kubernetes", "cluster": {"certificate-authority": f"{folder}/ca.crt", "server": server.url}}
        ],
        "users": [{"name": "kubernetes-admin", "user": {"token": token}}],
        "contexts": [
            {"name": "admin@kubernetes", "context": {"cluster": "kubernetes", "user": "kubernetes-admin"}},
        ],
        "current-context": "admin@kubernetes",
    }
    path.write_text(json.dumps(content))
    return path


def service_account(folder: Path, namespace: str = "icetop") -> Path:
    """Gives `folder` (with ca.crt) the other files of a service account."""
    (folder / "token").write_text(TOKEN)
    (folder / "namespace").write_text(namespace)
    return folder
