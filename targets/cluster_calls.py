"""GETs of the Kubernetes API through the client's own connections and credentials.

Its calls by name would bring all classes of objects with them, which here nobody needs: half a second of CPU and 27 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from kubernetes.client import Configuration

AGENT = "icetop"


class RefusedCall(Exception):
    """The API answers with a status that is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class ClusterCalls:
    """The API that a configuration of the client leads to."""

    def __init__(self, configuration: Configuration) -> None:
        from kubernetes.client import rest

        self._configuration: Any = configuration
        self._rest: Any = rest.RESTClientObject(configuration)

    def get(self, path: Sequence[str], query: Mapping[str, str], seconds: float, silence: float) -> Any:
        """The answer of urllib3, to be read and closed, its body unread. Raises RefusedCall, and what urllib3 does.

        Connecting may take so many seconds, and the server may be silent for so many.
        """
        from urllib3 import Timeout

        answer = self._rest.pool_manager.request(
            "GET",
            "/".join((self._configuration.host.rstrip("/"), "api", "v1", *(quote(part, safe="") for part in path))),
            fields=dict(query),
            headers={"Accept": "application/json", "User-Agent": AGENT, **self._credentials()},
            preload_content=False,
            timeout=Timeout(connect=seconds, read=silence),
        )
        if not 200 <= answer.status < 300:
            answer.close()
            raise RefusedCall(answer.status)
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._rest.pool_manager.clear()

    def _credentials(self) -> dict[str, str]:
        """What the configuration says that a call has to carry; a token that was renewed is read anew."""
        found = self._configuration.auth_settings().values()
        return {each["key"]: each["value"] for each in found if each["in"] == "header" and each["value"]}
