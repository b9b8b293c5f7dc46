"""A browser without JavaScript, as small as it can be: it follows links, keeps cookies and sends forms."""

import asyncio
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin


@dataclass
class Form:
    """Where a form goes, its fields as they stand, and its buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Reading(HTMLParser):
    """Forms, links and words of a page, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.words = ""
        self._area: str | None = None
        self._href: str | None = None
        self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(has["action"]))
        elif tag == "a":
            self._href = has["href"]
            self.links.append((self._href, ""))
        elif self.forms and tag == "input" and _is_sent(has):
            self.forms[-1].fields[has["name"]] = has.get("value", "")
        elif tag == "textarea" and "name" in has:
            self._area = has["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "button":
            self._in_button = True
            self.forms[-1].buttons.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "a":
            self._href = None
        elif tag == "button":
            self._in_button = False

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._area is not None:
            fields = self.forms[-1].fields
            fields[self._area] = (fields[self._area] + data).removeprefix("\n")
        elif self._href is not None:
            href, words = self.links[-1]
            self.links[-1] = href, words + data
        elif self._in_button:
            self.forms[-1].buttons[-1] += data


def _is_sent(has: dict[str, str]) -> bool:
    chosen = has.get("type") not in {"checkbox", "radio"} or "checked" in has
    return "name" in has and chosen


@dataclass
class Page:
    """What came, where it came from in the end, and how large it was."""

    status: int
    url: str
    html: str
    headers: Any

    def __post_init__(self) -> None:
        reading = _Reading()
        reading.feed(self.html)
        self.words = " ".join(reading.words.split())
        self.forms, self.links = reading.forms, reading.links

    @property
    def size_bytes(self) -> int:
        """As it went over the line, uncompressed."""
        return len(self.html.encode())

    def form(self, part: str) -> Form:
        """The first form with this in its action or on a button."""
        for form in self.forms:
            if part in form.action.rsplit("/", 1)[-1] or any(part in b for b in form.buttons):
                return form
        raise AssertionError(f"no form {part!r} on {self.url}: {self.words[:300]}")

    def link(self, words: str) -> str:
        """Where the link with these words leads."""
        for href, said in self.links:
            if words in said:
                return href
        raise AssertionError(f"no link {words!r} on {self.url}")


class PlainReader:
    """Somebody with such a browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({})
        )

    async def get(self, path: str) -> Page:
        """Open a page."""
        return await self._open(urllib.request.Request(urljoin(self.url, path)))  # noqa: S310

    async def send(self, form: Form, origin: str | None = "own", **fields: str) -> Page:
        """Send a form with these fields beside what it holds; None leaves the Origin out."""
        body = urlencode(form.fields | fields).encode()
        asked = urllib.request.Request(urljoin(self.url, form.action), data=body)  # noqa: S310
        if origin:
            asked.add_header("Origin", self.url if origin == "own" else origin)
        return await self._open(asked)

    async def log_in(self, name: str, passphrase: str) -> Page:
        """Come in."""
        page = await self.get("/plain/log-in")
        return await self.send(page.form("log-in"), pseudonym=name, passphrase=passphrase)

    async def _open(self, asked: urllib.request.Request) -> Page:
        return await asyncio.to_thread(self._exchange, asked)

    def _exchange(self, asked: urllib.request.Request) -> Page:
        try:
            with self._opener.open(asked, timeout=30) as answer:
                return Page(answer.status, answer.url, answer.read().decode(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.code, error.url, error.read().decode(), error.headers)
