"""The order to ask JVMs goes from the screen over the wire to the collector."""

from __future__ import annotations

import io
import sys

from icetop.profiles.source import AsksJava
from icetop.sampler.agent import _obey
from icetop.sampler.agent_source import AgentSource, agent_arguments
from icetop.sampler.options import CollectOptions
from icetop.tui.steering import Steering


class Obeying:
    """A session that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def ask_java_for_names(self) -> None:
        self.told.append("java")

    def stop(self) -> None:
        self.told.append("stop")


def test_the_order() -> None:
    source = AgentSource(
        [sys.executable, "-c", "import sys; data = sys.stdin.buffer.read(); sys.stderr.write(data.hex())"]
    )
    assert isinstance(source, AsksJava)
    steering = Steering(source)
    assert steering.ask_java_for_names()
    source._end()
    source._complaints.seek(0)
    session = Obeying()
    _obey(io.BytesIO(bytes.fromhex(source._complaints.read().decode())), session)  # type: ignore[arg-type]
    assert session.told == ["java", "stop"]


def test_the_option_reaches_the_agent() -> None:
    assert "--java-maps" in agent_arguments(CollectOptions(java_maps=True))
    assert "--java-maps" not in agent_arguments(CollectOptions())
