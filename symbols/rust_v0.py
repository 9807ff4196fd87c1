"""Rust's v0 mangling read back.

Grammar: https://doc.rust-lang.org/rustc/symbol-mangling/v0.html. How deep a name nests and how often its earlier parts
are repeated is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DEEPEST = 150
MOST_STEPS = 20_000
"""Bounds on nesting and on the parts printed, repeated ones included."""

_BASIC_TYPES = {
    "a": "i8", "b": "bool", "c": "char", "d": "f64", "e": "str", "f": "f32", "h": "u8", "i": "isize", "j": "usize",
    "l": "i32", "m": "u32", "n": "i128", "o": "u128", "p": "_", "s": "i16", "t": "u16", "u": "()", "v": "...",
    "x": "i64", "y": "u64", "z": "!",
}  # fmt: skip
_INTEGERS = frozenset("ahijlmnostxy")
_DIGITS = {char: value for value, char in enumerate("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_DECIMAL = re.compile(r"0|[1-9]\d{0,4}")
_HEXADECIMAL = re.compile(r"([0-9a-f]*)_")
_HEXADECIMAL_BYTES = re.compile(r"((?:[0-9a-f]{2})*)_")


class NotRust(Exception):
    """What was read is not a name in Rust's v0 mangling, or goes beyond a bound."""


class Reader:
    """Reads one v0 name; each method reads one rule of the grammar and gives its text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self._steps = 0
        self._lifetimes = 0

    def path(self, in_value: bool) -> str:
        """A path; `in_value`: as an expression, where generic arguments follow `::`."""
        self._enter()
        tag = self._next()
        if tag == "C":
            text = self._crate()
        elif tag == "N":
            text = self._nested(in_value)
        elif tag in "MXY":
            text = self._implementation(tag)
        elif tag == "I":
            text = self.path(in_value) + ("::<" if in_value else "<") + ", ".join(self._until_end(self._argument)) + ">"
        elif tag == "B":
            text = self._back(lambda: self.path(in_value))
        else:
            raise NotRust
        self._depth -= 1
        return text

    def type(self) -> str:
        """A type."""
        self._enter()
        tag = self._next()
        if tag in _BASIC_TYPES:
            text = _BASIC_TYPES[tag]
        elif tag in _TYPES:
            text = _TYPES[tag](self)
        else:
            self._place -= 1
            text = self.path(in_value=False)
        self._depth -= 1
        return text

    def _enter(self) -> None:
        self._depth += 1
        self._steps += 1
        if self._depth > DEEPEST or self._steps > MOST_STEPS:
            raise NotRust

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _next(self) -> str:
        if self._place >= len(self._text):
            raise NotRust
        self._place += 1
        return self._text[self._place - 1]

    def _eat(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self._place += 1
        return True

    def _until_end(self, item: Callable[[], str]) -> list[str]:
        items = []
        while not self._eat("E"):
            items.append(item())
        return items

    def _number(self) -> int:
        """A base-62 number: `_` is 0, and `0_` is 1."""
        if self._eat("_"):
            return 0
        value = 0
        while (char := self._next()) != "_":
            if char not in _DIGITS or value >> 64:
                raise NotRust
            value = value * 62 + _DIGITS[char]
        return value + 1

    def _optional_number(self, tag: str) -> int:
        return self._number() + 1 if self._eat(tag) else 0

    def _back(self, read: Callable[[], str]) -> str:
        start, target = self._place - 1, self._number()
        if target >= start:
            raise NotRust
        here, self._place = self._place, target
        text = read()
        self._place = here
        return text

    def _identifier(self) -> str:
        encoded = self._eat("u")
        digits = _DECIMAL.match(self._text, self._place)
        if digits is None:
            raise NotRust
        self._place = digits.end()
        self._eat("_")
        name = self._text[self._place : self._place + int(digits.group())]
        self._place += int(digits.group())
        if self._place > len(self._text):
            raise NotRust
        return _from_punycode(name) if encoded else name

    def _crate(self) -> str:
        self._optional_number("s")
        return self._identifier()

    def _nested(self, in_value: bool) -> str:
        space = self._next()
        outer = self.path(in_value)
        number = self._optional_number("s")
        name = self._identifier()
        if space.isupper():
            kind = {"C": "closure", "S": "shim"}.get(space, space)
            return f"{outer}::{{{kind}{':' if name else ''}{name}#{number}}}"
        return f"{outer}::{name}" if name else outer

    def _implementation(self, tag: str) -> str:
        if tag != "Y":
            self._optional_number("s")
            depth = self._depth
            self.path(in_value=False)
            self._depth = depth
        inner = self.type()
        return f"<{inner}>" if tag == "M" else f"<{inner} as {self.path(in_value=False)}>"

    def _argument(self) -> str:
        if self._eat("L"):
            return self._lifetime(self._number())
        return self._constant() if self._eat("K") else self.type()

    def _lifetime(self, index: int) -> str:
        if not index:
            return "'_"
        depth = self._lifetimes - index
        if depth < 0:
            raise NotRust
        return f"'{chr(ord('a') + depth)}" if depth < 26 else f"'_{depth}"

    def _bound(self, read: Callable[[], str]) -> str:
        """What `read` gives under a binder (`for<'a> ...`), if there is one."""
        count = self._optional_number("G")
        if count > 64:
            raise NotRust
        self._lifetimes += count
        names = ", ".join(self._lifetime(index) for index in range(count, 0, -1))
        text = read()
        self._lifetimes -= count
        return f"for<{names}> {text}" if count else text

    def _reference(self, mutable: str) -> str:
        lifetime = ""
        if self._eat("L") and (index := self._number()):
            lifetime = self._lifetime(index) + " "
        return f"&{lifetime}{mutable}{self.type()}"

    def _tuple(self) -> str:
        items = self._until_end(self.type)
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"

    def _function(self) -> str:
        text = "unsafe " if self._eat("U") else ""
        if self._eat("K"):
            abi = "C" if self._eat("C") else self._identifier().replace("_", "-")
            text += f'extern "{abi}" '
        text += f"fn({', '.join(self._until_end(self.type))})"
        return text if self._eat("u") else f"{text} -> {self.type()}"

    def _dynamic(self) -> str:
        text = self._bound(lambda: " + ".join(self._until_end(self._dynamic_trait)))
        if not self._eat("L"):
            raise NotRust
        index = self._number()
        return f"dyn {text}" + (f" + {self._lifetime(index)}" if index else "")

    def _dynamic_trait(self) -> str:
        text, bindings = self.path(in_value=False), []
        while self._eat("p"):
            bindings.append(f"{self._identifier()} = {self.type()}")
        if not bindings:
            return text
        return f"{text[:-1]}, {', '.join(bindings)}>" if text.endswith(">") else f"{text}<{', '.join(bindings)}>"

    def _constant(self) -> str:
        self._enter()
        tag = self._next()
        if tag == "p":
            text = "_"
        elif tag == "B":
            text = self._back(self._constant)
        elif tag in _INTEGERS:
            text = ("-" if self._eat("n") else "") + self._integer()
        elif tag in "bc":
            text = _scalar(tag, int(self._hexadecimal() or "0", 16))
        else:
            text = self._structured_constant(tag)
        self._depth -= 1
        return text

    def _integer(self) -> str:
        digits = self._hexadecimal()
        return str(int(digits or "0", 16)) if len(digits) <= 16 else f"0x{digits}"

    def _hexadecimal(self) -> str:
        match = _HEXADECIMAL.match(self._text, self._place)
        if match is None:
            raise NotRust
        self._place = match.end()
        return match.group(1).lstrip("0")

    def _structured_constant(self, tag: str) -> str:
        if tag == "e":
            return f"*{self._string()}"
        if tag in "RQ":
            if tag == "R" and self._eat("e"):
                return self._string()
            return f"&{'mut ' if tag == 'Q' else ''}{self._constant()}"
        if tag == "A":
            return f"[{', '.join(self._until_end(self._constant))}]"
        if tag == "T":
            items = self._until_end(self._constant)
            return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
        if tag == "V":
            return self._variant()
        raise NotRust

    def _variant(self) -> str:
        name, shape = self.path(in_value=True), self._next()
        if shape == "U":
            return name
        if shape == "T":
            return f"{name}({', '.join(self._until_end(self._constant))})"
        if shape == "S":
            return f"{name} {{ {', '.join(self._until_end(self._field))} }}"
        raise NotRust

    def _field(self) -> str:
        self._optional_number("s")
        return f"{self._identifier()}: {self._constant()}"

    def _string(self) -> str:
        match = _HEXADECIMAL_BYTES.match(self._text, self._place)
        if match is None:
            raise NotRust
        self._place = match.end()
        text = bytes.fromhex(match.group(1)).decode("utf-8", "replace")
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _scalar(tag: str, value: int) -> str:
    if tag == "b":
        return "true" if value else "false"
    return repr(chr(value)) if value < 0x110000 else "_"


def _from_punycode(name: str) -> str:
    """The identifier behind Rust's punycode, whose delimiter is `_`. Raises NotRust when it is none."""
    plain, _, encoded = name.rpartition("_")
    try:
        return (f"{plain}-{encoded}" if plain else encoded).encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError) as error:
        raise NotRust from error


_TYPES: dict[str, Callable[[Reader], str]] = {
    "R": lambda reader: reader._reference(""),
    "Q": lambda reader: reader._reference("mut "),
    "P": lambda reader: f"*const {reader.type()}",
    "O": lambda reader: f"*mut {reader.type()}",
    "A": lambda reader: f"[{reader.type()}; {reader._constant()}]",
    "S": lambda reader: f"[{reader.type()}]",
    "T": lambda reader: reader._tuple(),
    "F": lambda reader: reader._bound(reader._function),
    "D": lambda reader: reader._dynamic(),
    "B": lambda reader: reader._back(reader.type),
}
