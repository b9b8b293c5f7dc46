"""Pages in the pseudo-locale (`?language=xx`): what does not fit, and words that come from no catalogue."""

from typing import Any

from playwright.async_api import Page

NARROW = (320, 640)
"""CSS pixels: a small phone, or a desk at 400 %."""

_OVERFLOW = """() => {
  const wide = innerWidth + 1;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolls = (each) => each && each !== document.body
    && (/(auto|scroll|hidden|clip)/.test(getComputedStyle(each).overflowX) || scrolls(each.parentElement));
  const past = [...document.body.querySelectorAll('*')]
    .filter((each) => each.getBoundingClientRect().right > wide && !scrolls(each.parentElement));
  const outer = past.filter((each) => !past.includes(each.parentElement));
  return (outer.length ? outer : [document.body]).map((each) =>
    `${each.tagName.toLowerCase()}.${each.className} ${Math.round(each.getBoundingClientRect().right)} px`
    + `: ${(each.textContent ?? '').trim().slice(0, 40)}`);
}"""

# What a message of a catalogue says stands in brackets. What members wrote is `dir="auto"`, in their own language.
_ENGLISH = """() => {
  const theirs = '[dir=auto], [lang]:not(html), bdi, code, kbd, time, pre, .words, option, textarea, svg text,'
    + ' script, style';
  const left = (words) => {
    for (let before = ''; before !== words; ) [before, words] = [words, words.replace(/\\[[^\\[\\]]*\\]/g, '')];
    return words;
  };
  const isEnglish = (words) => /[A-Za-z]{3,}/.test(left(words));
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (!parentElement || parentElement.closest(theirs) || !parentElement.checkVisibility()) continue;
    if (isEnglish(textContent ?? '')) found.add(left(textContent).trim().slice(0, 60));
  }
  for (const each of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]'))
    if (!each.closest(theirs))
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        const words = each.getAttribute(name) ?? '';
        if (isEnglish(words)) found.add(`${name}: ${left(words).trim().slice(0, 60)}`);
      }
  return [...found];
}"""

WIDER = """() => {
  const wide = Object.assign(document.createElement('div'), {textContent: 'Words of no catalogue'});
  wide.style.width = '400px';
  document.querySelector('main').append(wide);
}"""
"""For controls: a page that does not fit, with words that nobody translated."""


def strange(path: str) -> str:
    """The address of a page, said strangely."""
    return f"{path}{'&' if '?' in path else '?'}language=xx"


async def overflowing(page: Page) -> list[str]:
    """Elements that stick out of the page; empty where it need not be moved sideways."""
    found: Any = await page.evaluate(_OVERFLOW)
    return list(found)


async def untranslated(page: Page) -> list[str]:
    """Words that are said as they are in the program."""
    found: Any = await page.evaluate(_ENGLISH)
    return list(found)
