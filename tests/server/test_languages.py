"""The server's own pages in each language: which one a reader gets, and that none of them lacks a word."""

import re
import string
import tomllib
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from server.api import crisis, plain
from server.api.language import COOKIE, SPOKEN, direction, language_of
from server.api.look import Look, looking
from server.api.plain.rendering import page, speaking
from server.services import help

_CRISIS = Path(crisis.__file__).with_name("crisis.toml")
PLAIN = Look(is_plain=True)
_PLAIN = Path(plain.__file__).with_name("words.toml")
_STYLES = sorted(Path(crisis.__file__).parent.rglob("*.css"))


def asked(query: str = "", cookie: str = "", accept: str = "") -> str:
    headers = [(b"accept-language", accept.encode("latin-1"))]
    headers += [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "query_string": query.encode(), "headers": headers}
    return language_of(HTTPConnection(scope))


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("", "", "", "en"),
        ("", "", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "", "pt-BR, en;q=0.3, fr;q=0.7", "fr"),
        ("", "", "fr;q=0, es", "es"),
        ("", "", "xx;q=much, ;;;q=, \xff", "en"),
        ("", f"{COOKIE}=ar", "de", "ar"),
        ("", f"{COOKIE}=zz", "de", "de"),
        ("language=ES", f"{COOKIE}=ar", "de", "es"),
        ("language=%3Cscript%3E", f"{COOKIE}=ar", "de", "ar"),
    ],
)
def test_what_is_asked_goes_before_what_was_chosen_before_what_the_browser_says(
    query: str, cookie: str, accept: str, language: str
) -> None:
    assert asked(query, cookie, accept) == language


@pytest.mark.parametrize("file", [_CRISIS, _PLAIN], ids=lambda path: path.parent.name)
def test_every_language_has_every_word_with_the_same_places_to_fill(file: Path) -> None:
    words = tomllib.loads(file.read_text(encoding="utf-8"))
    assert tuple(words) == SPOKEN
    for language, said in words.items():
        assert list(said) == list(words["en"]), language
        for key, text in said.items():
            assert _places(text) == _places(words["en"][key]), (language, key)
            assert text or (language, key) == ("en", "review"), (language, key)


@pytest.mark.parametrize("language", SPOKEN)
def test_the_crisis_page_names_its_language_and_keeps_its_numbers(language: str) -> None:
    shown, known = help.bundled_only("GB")
    page = crisis._page(shown, known, language)
    assert f'<html lang="{language}" dir="{direction(language)}">' in page
    assert 'href="tel:999"' in page
    assert f'name="language" value="{language}"' in page, "another country keeps the language"
    assert all(f"language={other}&amp;country=GB" in page for other in SPOKEN if other != language)
    assert ("You do not have to carry" in page) == (language == "en")


def test_a_plain_look_says_nothing_of_this_place_in_the_row_of_tabs() -> None:
    shown, known = help.bundled_only("GB")
    for look, title, icon in ((Look(), "Hilfe, jetzt", "favicon"), (PLAIN, "Notizen", "plain")):
        looking.set(look)
        made = bytes(
            page("log_in.html", visit=None, name="", wrong="", asks_second=False).body
        ).decode()
        crisis_page = crisis._page(shown, known, "de", look)
        assert f"<title>{title}</title>" in crisis_page
        assert all(f'<link rel="icon" href="/{icon}.svg">' in each for each in (made, crisis_page))
        assert ("<title>Notes</title>" in made) is look.is_plain
    looking.set(Look())


def test_nowhere_is_told_in_the_readers_words() -> None:
    shown, known = help.bundled_only(None)
    assert "die Notrufnummer deines Landes" in crisis._page(shown, known, "de")


@pytest.mark.parametrize("style", _STYLES, ids=lambda path: path.name)
def test_no_style_of_the_server_knows_left_from_right(style: Path) -> None:
    sided = r"(margin|padding|border)-(left|right)|(?<![\w-])(left|right)\s*:|(text-align|float)\s*:\s*(left|right)"
    text = style.read_text()
    assert not re.findall(sided, text)
    four = re.findall(r"(?:margin|padding):\s*(\S+) (\S+) (\S+) (\S+);", text)
    assert not [sides for sides in four if sides[1] != sides[3]]


def test_a_plain_page_speaks_its_readers_language_and_no_template_says_a_word_itself() -> None:
    token = speaking.set("ar")
    try:
        html = bytes(
            page("log_in.html", visit=None, name="", wrong="", asks_second=False).body
        ).decode()
    finally:
        speaking.reset(token)
    assert '<html lang="ar" dir="rtl">' in html
    assert "عبارة المرور" in html
    for template in _PLAIN.with_name("templates").iterdir():
        bare = re.sub(
            r"{%.*?%}|{{.*?}}|<[^>]*>|/[a-z/]+", " ", template.read_text(), flags=re.DOTALL
        )
        assert not set(re.findall(r"[A-Za-z]{3,}", bare)) - {"UTC"}, template.name


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
