"""Names of this node's pods from the Kubernetes API: all there are, and news by watch as they come.

The client's models are not used: an answer is read with a bound on its size and its time, and what is wanted of it is
picked out. Importing the client takes 0.3 s and 40 MB even so:
`cluster_names` has a process do that, once there is a pod to name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from . import informant
from .cluster_access import ClusterAccess, node_names
from .cluster_calls import ClusterCalls, RefusedCall
from .informant import Informant, Told, plain_reason
from .pod_labels import told_of_pod

LARGEST_ANSWER = 64 << 20
"""Bytes of a list; a pod has about 10,000, a node 110 pods."""

LARGEST_EVENT = 4 << 20
PIECE = 1 << 16
MOST_PAGES, PAGE = 20, 250
WHOLE_ANSWER_S = 15.0
"""How long a list may take in all, however steadily it trickles in."""

WATCH_S = 240
"""How long the API goes on telling news before it is asked anew."""


class ForgottenVersion(Exception):
    """The API does not know any more what has changed since (410 Gone): everything is to be listed again."""


class BadAnswer(Exception):
    """What came is not what the API says."""


class KubernetesPods(Informant):
    """Asks the API for the pods of one node: that of `nodes` which has any."""

    def __init__(
        self,
        access: ClusterAccess,
        tell: Told,
        fail: Callable[[str, str], None],
        nodes: Callable[[], Iterator[str]] = node_names,
    ) -> None:
        super().__init__(access.address, tell, fail)
        self._access = access
        self._nodes = nodes

    def _follow(self) -> None:
        api = ClusterCalls(self._access.configuration())
        try:
            node, version = self._list_own_node(api)
            self._all_told()
            while not self._stopped.is_set():
                try:
                    version = self._watch(api, node, version)
                except ForgottenVersion:
                    version = self._list(api, node)[1]
        finally:
            api.close()

    def _list_own_node(self, api: ClusterCalls) -> tuple[str, str]:
        """Tell of all pods of this node; its name, and the version of what was told."""
        tried: list[str] = []
        for node in chain(self._nodes(), self._node_of_own_pod(api, tried)):
            number, version = self._list(api, node)
            if number:
                return node, version
            tried.append(node)
        raise BadAnswer(f"it knows no pods of a node {' or '.join(tried)}: set NODE_NAME")

    def _node_of_own_pod(self, api: ClusterCalls, tried: list[str]) -> Iterator[str]:
        """In a pod, the node that the API says it is on."""
        namespace = self._access.own_namespace
        for name in tuple(tried) if namespace else ():
            try:
                found = self._get(api, "namespaces", namespace, "pods", name)
            except RefusedCall as error:
                if error.status in (403, 404):
                    continue
                raise
            node = (found.get("spec") or {}).get("nodeName")
            if isinstance(node, str) and node:
                yield node

    def _list(self, api: ClusterCalls, node: str) -> tuple[int, str]:
        """Tell of all pods of a node; how many there are, and their version."""
        number, page = 0, {"resourceVersion": "0"}
        for _ in range(MOST_PAGES):
            own = f"spec.nodeName={node}"
            found = self._get(api, "pods", fieldSelector=own, limit=str(PAGE), **page)
            pods = found.get("items") or []
            for pod in pods:
                self._tell_of(pod)
            number += len(pods)
            page = {"continue": str(_metadata(found).get("continue") or "")}
            if not page["continue"]:
                break
        return number, str(_metadata(found).get("resourceVersion") or "0")

    def _watch(self, api: ClusterCalls, node: str, version: str) -> str:
        """Tell of pods as they come and change; the version until which that was done."""
        from urllib3.exceptions import HTTPError

        since = time.monotonic()
        answer = self._ask_for_news(api, node, version)
        try:
            for line in _lines(answer):
                if self._stopped.is_set():
                    return version
                version = self._take(line) or version
        except (HTTPError, OSError):
            pass  # cut off: it goes on from the version that was told last
        finally:
            answer.close()
        if time.monotonic() - since < 1:  # one that is over at once is not asked at once
            self._stopped.wait(informant.SHORTEST_REST)
        return version

    def _ask_for_news(self, api: ClusterCalls, node: str, version: str) -> Any:
        try:
            query = {
                "fieldSelector": f"spec.nodeName={node}",
                "resourceVersion": version,
                "watch": "true",
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(WATCH_S),
            }
            return api.get(("pods",), query, informant.SECONDS, WATCH_S + 30)
        except RefusedCall as error:
            if error.status == 410:
                raise ForgottenVersion from error
            raise

    def _take(self, line: bytes) -> str:
        """One event of a watch: tell of its pod; the version that it has."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        found = event.get("object") if isinstance(event, dict) else None
        if not isinstance(found, dict):
            raise BadAnswer("what it tells of changes makes no sense")
        if event.get("type") == "ERROR":
            if found.get("code") == 410:
                raise ForgottenVersion
            raise BadAnswer(f"it broke off with status {str(found.get('code'))[:20]}")
        if event.get("type") in ("ADDED", "MODIFIED"):
            self._tell_of(found)
        version = _metadata(found).get("resourceVersion")
        return version if isinstance(version, str) else ""

    def _tell_of(self, pod: Any) -> None:
        for who, labels in told_of_pod(pod):
            self._tell(who, labels)

    def _get(self, api: ClusterCalls, *path: str, **query: str) -> dict[str, Any]:
        """What the API answers. Raises BadAnswer, and what `get` raises."""
        answer = api.get(path, query, informant.SECONDS, informant.SECONDS)
        try:
            found = json.loads(_read(answer))
        except (ValueError, RecursionError) as error:
            raise BadAnswer("what it answers is no JSON") from error
        finally:
            answer.close()
        if not isinstance(found, dict) or not isinstance(found.get("items") or [], list):
            raise BadAnswer("what it answers makes no sense")
        return found

    def _reason(self, error: Exception) -> str:
        status = getattr(error, "status", None)
        if isinstance(error, ImportError):
            return "Python's kubernetes package is missing"
        if isinstance(error, BadAnswer):
            return str(error)
        if status == 401:
            return "it does not know who asks (401): the token or certificate is not valid any more"
        if status == 403:
            return "who asks may not list pods (403): give the service account get, list and watch on pods"
        if isinstance(status, int) and status:
            return f"it answers with status {status}"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return "its certificate is not signed by whom the configuration trusts"
        if type(error).__name__ == "ConfigException":
            return "its configuration does not say enough"
        return plain_reason(error) or f"it does not speak the API ({type(error).__name__})"


def _metadata(found: dict[str, Any]) -> dict[str, Any]:
    metadata = found.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _read(answer: Any) -> bytes:
    """All of an answer, within bounds of size and time."""
    parts, size, until = [], 0, time.monotonic() + WHOLE_ANSWER_S
    for part in _parts(answer):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise BadAnswer("its list of pods is too long")
        if time.monotonic() > until:
            raise TimeoutError
        parts.append(part)
    return b"".join(parts)


def _parts(answer: Any) -> Iterator[bytes]:
    """What comes, as it comes: urllib3 1 waits until a piece is full where an answer has a length."""
    read = getattr(answer, "read1", None)
    yield from iter(lambda: read(PIECE), b"") if read is not None else answer.stream(PIECE)


def _lines(answer: Any) -> Iterator[bytes]:
    rest = b""
    for part in _parts(answer):
        *whole, rest = (rest + part).split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(rest) > LARGEST_EVENT:
            raise BadAnswer("one of its events is too long")
