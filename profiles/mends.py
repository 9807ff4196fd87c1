"""What to do for a frame or a stack that lacks something: one line for the screen, messages and `icetop doctor`."""

from __future__ import annotations

from .locations import Frame, generated_binary
from .vocabulary import Language, StackEnd

NODE_NAMES = "start node with --perf-basic-prof"
JAVA_NAMES = "J, or --java-maps, asks the JVM for them (JDK 17 or newer)"
JAVA_FRAMES = "start java with -XX:+PreserveFramePointer"

_UNNAMED = {generated_binary(Language.NODE): NODE_NAMES, generated_binary(Language.JAVA): JAVA_NAMES}


def mend_of_frame(frame: Frame) -> str:
    """How code that has no names gets them; empty where nothing is known to help."""
    return "" if frame.named else _UNNAMED.get(frame.binary, "")


def mend_of_end(end: StackEnd) -> str:
    """How stacks that end so come to be whole; empty where nothing is known to help."""
    return JAVA_FRAMES if end is StackEnd.JIT_NO_FRAME_POINTER else ""
