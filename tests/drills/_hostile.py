"""Five hundred texts that somebody might write to break a page: made of bad beginnings, in many dresses."""

from itertools import product

_GADGETS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>here</a>",
    "<form action=javascript:alert(1)><button>go</button></form>",
    "<math><mtext></mtext><mglyph><style></math><img src onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<style>*{display:none!important}</style>",
    "<link rel=stylesheet href=//example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<base href=//example.org/>",
    "<object data=javascript:alert(1)></object>",
    "<template><img src=x onerror=alert(1)></template>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "{@html '<img src=x onerror=alert(1)>'}",
    "{{7*7}} {%print(7*7)%} #{7*7} <%= 7*7 %>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//example.org/%2e%2e/%00",
    "url(javascript:alert(1)); expression(alert(1))",
    "'\"><b onmouseover=alert(1) style=position:fixed;inset:0>over</b>",
    "' OR 1=1 --",
    '=HYPERLINK("http://example.org","see")',
    "{count, plural, other {#}} {0} <0>ICU</0> '{'",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
)
_SHAPES = (
    "W" * 400,
    "\u200b".join("unbroken" for _ in range(40)),
    "https://example.org/" + "a" * 400,
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034d"
    * 12,
    "\u0e01" + "\u0e49" * 60,
    "\u202eesrever\u202c and \u202dforced\u202c",
    "\u2066\u2067\u2068never closed",
    "\u061c\u200f\u200e marks",
    "\u0441\u0430t \u0440\u0430ypal \uff41\uff44\uff4d\uff49\uff4e",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 20,
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f" * 8,
    "\ufeff\u00ad\u2060\u180e\u3164\u115f",
    "\x01\x02\x07\x08\x0b\x0c\x1b[31mred\x1b[0m\x7f\x85\x9b",
    "tab\tand\rreturn\nline\u2028sep\u2029para",
    "\n" * 60 + "far below",
    "\ufdfd" * 20,
    "\U00012219" * 30,
    "\u0627\u0644\u0633\u0644\u0627\u0645 hello \u05e9\u05dc\u05d5\u05dd",
    "\u1100" * 60,
    "\ud7b0\ua9bf" * 30,
    "e" + "\u0301" * 200,
    "(left)",
    "undefined null NaN [object Object] __proto__ constructor",
    "&lt;script&gt; &#60;b&#62; &amp;amp; &nbsp;" * 4,
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
)
_DRESSES = (
    "{}", "{}\u202e", "Hello {} there", "{0}{0}", "\u0645\u0631\u062d\u0628\u0627 {}", "**{}**", "\"{}\"", "{}\u200d",
    "[{}](x)",
)  # fmt: skip


def texts(count: int = 500) -> list[str]:
    """So many different ones, always the same; every bad beginning first as it is."""
    bad = (*_GADGETS, *_SHAPES)
    made = dict.fromkeys(
        dress.replace("{0}", each).replace("{}", each) for dress, each in product(_DRESSES, bad)
    )
    return list(made)[:count]
