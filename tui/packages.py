"""Which package a function belongs to: what the graph's colours stand for."""

from __future__ import annotations

import re
from functools import lru_cache

from ..profiles.locations import Frame
from ..profiles.vocabulary import Language

_VERSION = re.compile(r"(?:-[\d.]+)?\.so(?:\.\d+)*$|[-.]?\d+(?:\.\d+)+$")
_INSTALLED = re.compile(r"(?:site-packages|dist-packages|node_modules)/(@[^/]+/[^/]+|[^/]+)")
_STANDARD = re.compile(r"/lib(?:64)?/python\d[^/]*/|^<frozen |^node:|/python\d[\d.]*\.zip/")


@lru_cache(maxsize=8192)
def package_of(frame: Frame) -> str:
    """The package of a frame: a Python, Node, Go or Java package, else the binary's name without its version."""
    if frame.language in (Language.PYTHON, Language.NODE) and frame.file:
        return _of_file(frame.file, frame.language.value)
    if frame.language is Language.GO:
        folder, _, rest = frame.name.rpartition("/")
        return f"{folder}/{rest.split('.', 1)[0]}".lstrip("/")
    if frame.language is Language.JAVA and "." in frame.name:
        return ".".join(re.split(r"[./]", frame.name)[:-2][:3]) or frame.binary
    return _VERSION.sub("", frame.binary.rsplit("/", 1)[-1])


def _of_file(file: str, language: str) -> str:
    installed = _INSTALLED.findall(file)
    if installed:
        return str(installed[-1]).removesuffix(".py")
    if _STANDARD.search(file):
        return language
    folders = file.rsplit("/", 2)
    return folders[-2] if len(folders) > 1 and folders[-2] else folders[-1]
