"""A real browser for tests: Chromium without a window, told what to do through its pipe (the DevTools protocol,
https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from pathlib import Path
from shutil import which
from typing import Any

PATIENCE = 60.0
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The program, None where there is none; `ICETOP_TEST_CHROMIUM` names one that is not on the path."""
    return os.environ.get("ICETOP_TEST_CHROMIUM") or next(filter(None, map(which, NAMES)), None)


class Browser:
    """One page. `asked` are the texts of dialogs that the page opened; `answers` are given to them in turn."""

    def __init__(self, program: str, folder: Path, size: tuple[int, int] = (1240, 800)) -> None:
        self.asked: list[str] = []
        self.answers: list[str] = []
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        words = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            *(f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", "about:blank"),
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}', *words],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._last = 0
        self._events: list[str] = []
        self._session = ""
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.tell("Page.enable")

    def tell(self, method: str, **parameters: object) -> dict[str, Any]:
        """One order; gives its result."""
        self._last += 1
        number = self._send(method, parameters)
        until = time.monotonic() + PATIENCE
        while True:
            message = self._receive(until)
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])

    def open(self, path: Path | str) -> None:
        """Load a file, and wait until it is there."""
        self._events.clear()
        self.tell("Page.navigate", url=path if isinstance(path, str) else path.as_uri())
        until = time.monotonic() + PATIENCE
        while "Page.loadEventFired" not in self._events:
            self._receive(until)

    def says(self, script: str) -> Any:
        """What an expression is in the page."""
        result = self.tell("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def awaits(self, script: str) -> Any:
        """Wait until an expression is true in the page; gives it."""
        until = time.monotonic() + PATIENCE
        while not (found := self.says(script)):
            assert time.monotonic() < until, script
            time.sleep(0.05)
        return found

    def click(self, selector: str) -> None:
        """Click with the mouse into the middle of the first element that a selector finds."""
        x, y = self.says(
            f"(() => {{ const at = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return [at.x + at.width / 2, at.y + at.height / 2] })()"
        )
        self.tell("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, code: str, number: int) -> None:
        """Press a key."""
        event: dict[str, object] = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.tell("Input.dispatchKeyEvent", type="keyDown", text=key if len(key) == 1 else "", **event)
        self.tell("Input.dispatchKeyEvent", type="keyUp", **event)

    def picture(self, path: Path) -> None:
        """Keep what is to be seen as PNG."""
        path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def _send(self, method: str, parameters: dict[str, object]) -> int:
        message: dict[str, object] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._last

    def _receive(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._read], [], [], max(until - time.monotonic(), 0))[0], "the browser is silent"
            part = os.read(self._read, 1 << 16)
            assert part, "the browser ended"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._events.append(message["method"])
        if message.get("method") == "Page.javascriptDialogOpening":
            self._answer(message["params"]["message"])
        return message

    def _answer(self, asked: str) -> None:
        """A dialog holds up the page until it is answered."""
        self.asked.append(asked)
        self._last += 1
        answer = self.answers.pop(0) if self.answers else ""
        self._send("Page.handleJavaScriptDialog", {"accept": True, "promptText": answer})
