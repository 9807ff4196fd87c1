"""Names in perf maps, as the run-times write them, read as the people write them who write the language."""

from __future__ import annotations

import pytest
from icetop.profiles.locations import Line
from icetop.profiles.vocabulary import Language
from icetop.symbols.generated_names import read_generated_name

JAVASCRIPT = {
    "JS:*total /srv/a.js:12:48": Line("total", "/srv/a.js", 0, 12),
    "JS:~total /srv/a.js:12:48": Line("total", "/srv/a.js", 0, 12),
    "JS:^total /srv/a.js:12:48": Line("total", "/srv/a.js", 0, 12),
    "JS:+total /srv/a.js:12:48": Line("total", "/srv/a.js", 0, 12),
    "JS:^get size /srv/a.js:1:123": Line("get size", "/srv/a.js", 0, 1),
    "JS:*work file:///app/a b.js:12:5": Line("work", "/app/a b.js", 0, 12),
    "JS:*[Symbol.iterator] /srv/a.js:4:5": Line("[Symbol.iterator]", "/srv/a.js", 0, 4),
    "JS:*#hidden /srv/a.js:4:5": Line("#hidden", "/srv/a.js", 0, 4),
    "JS:*foo": Line("foo"),
    "JS:~ /srv/shop/a.js:1:1": Line("(top level) a.js", "/srv/shop/a.js", 0, 1),
    "JS:* /srv/shop/a.js:3:53": Line("(anonymous) a.js:3", "/srv/shop/a.js", 0, 3),
    "LazyCompile:~ /app/a.js:3:1": Line("(anonymous) a.js:3", "/app/a.js", 0, 3),
    "LazyCompile:*tick node:internal/timers:507:11": Line("tick", "node:internal/timers", 0, 507),
    "Function:~sum /srv/a.js:2:3": Line("sum", "/srv/a.js", 0, 2),
    "Script:~ /srv/a.js:1:1": Line("(top level) a.js", "/srv/a.js", 0, 1),
    "RegExp:(a+)b:1:2": Line("RegExp (a+)b:1:2"),
    "Builtin:ArrayMap": Line("Builtins_ArrayMap"),
    "BytecodeHandler:LdaZero": Line("Builtins_LdaZeroHandler"),
    "JS:*made249 :3:24": Line("made249", "", 0, 3),
    "JS:^ :1:20": Line("(anonymous)", "", 0, 1),
    "JS:*": Line("(anonymous)"),
}
JAVA = {
    "long Shop$Cart.total(int)": "Shop$Cart.total",
    "java.lang.Object[] java.util.TimSort.ensureCapacity(int)": "java.util.TimSort.ensureCapacity",
    "void com.shop.Cart.<init>()": "com.shop.Cart.<init>",
    "java.lang.Object Shop$$Lambda$1/0x00007f643c000c28.apply(java.lang.Object)": "Shop$$Lambda.apply",
    "int Shop$$Lambda/0x00007f643c000c28.apply(int)": "Shop$$Lambda.apply",
    "long java.lang.invoke.LambdaForm$MH/0x00007f643c001c00.invoke(java.lang.Object, int)": (
        "java.lang.invoke.LambdaForm$MH.invoke"
    ),
    "Lcom/shop/Cart;::total": "com.shop.Cart.total",
    "com/shop/Cart.total": "com.shop.Cart.total",
    "Interpreter": "[Interpreter]",
    "I2C/C2I adapters": "[I2C/C2I adapters]",
    "StubRoutines (1)": "[StubRoutines (1)]",
    "handle_exception Runtime1 stub": "[handle_exception Runtime1 stub]",
}


@pytest.mark.parametrize("text", JAVASCRIPT)
def test_javascript(text: str) -> None:
    assert read_generated_name(text, Language.NODE) == (Language.NODE, JAVASCRIPT[text])
    assert read_generated_name(text, Language.JIT) == (Language.NODE, JAVASCRIPT[text]), "an unknown embedder of V8"


@pytest.mark.parametrize("text", JAVA)
def test_java(text: str) -> None:
    assert read_generated_name(text, Language.JAVA) == (Language.JAVA, Line(JAVA[text]))


@pytest.mark.parametrize("language", Language)
def test_python(language: Language) -> None:
    found = read_generated_name("py::Shop.work:/app/a.py", language)
    assert found == (Language.PYTHON, Line("Shop.work", "/app/a.py"))


def test_others_stay_as_they_are() -> None:
    for text in ("void [App] Shop::Run()", "evil\x1b[31m", "$lists:map/2", "", ":", "a" * 5000):
        assert read_generated_name(text, Language.JIT) == (Language.JIT, Line(text))


@pytest.mark.parametrize("language", Language)
def test_hostile_names_are_read_in_time(language: Language) -> None:
    """Names of the greatest length, made to have many ways to be read; a quadratic reader would take minutes."""
    for part in ("a.", "a/", "get ", "JS:", "::", "( ", "$1/0x1", "[", "py::", "L;", " :1:1"):
        for head in ("", "JS:*", "py::", "L"):
            read_generated_name((head + part * 1024)[:1024], language)
