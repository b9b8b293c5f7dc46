"""Letters of other alphabets that stand for Latin ones."""

from __future__ import annotations

import re
from typing import Final

from moderation.normalise.folding import AMBIGUOUS_CAPITALS, Folded

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[a-z]")


def _pairs(foreign: str, latin: str) -> dict[str, str]:
    return dict(zip(foreign, latin, strict=True))


_ALIKE: Final = {
    **_pairs("аеорсухіјѕԁԛԝһӏвнкмтґєѵѡԍү", "aeopcyxijsdqwhlbhkmtrevwgy"),
    **_pairs("αβεικνορτυχωηγ", "abeikvoptuxwny"),
    **_pairs(AMBIGUOUS_CAPITALS, "hmny"),
    **_pairs("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
    **_pairs("ɑɡɩıƙłøđħŧƒɛɔʋ", "agiiklodhtfeov"),
    **_pairs("ɐǝɟƃɥɾʞɯɹʇʌʍʎ", "aefghjkmrtvwy"),
    **_pairs("օոսհցզյ", "onuhgqj"),
    **_pairs("ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᏀᏃᏙᏚᏞᏟᏢᏦᏴᎩ", "drtiajewmhgzvslcpkby"),
    **_pairs("ⲁⲃⲉⲏⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭ", "abehikmnopctyx"),
}
_SOMEWHAT: Final = {**_pairs("гпзяишбдць", "rn3rnwbdub"), **_pairs("σςπζθδλξ", "osnzodae")}
"""Read as Latin only beside Latin letters, so that a foreign word in English stays one."""

_BESIDE_LATIN: Final = _ALIKE | _SOMEWHAT
_SMALL: Final = str.maketrans({capital: capital.lower() for capital in AMBIGUOUS_CAPITALS})


def unmask_look_alikes(chars: str, origin: list[int]) -> Folded:
    """Foreign letters in a Latin word become Latin; whole words of them in a text that is Latin."""
    if chars.isascii():
        return chars, origin
    words = _WORD.findall(chars)
    latin = _is_latin(words)

    def latinise(match: re.Match[str]) -> str:
        word = match[0]
        if word.isascii():
            return word
        if _LATIN.search(word):
            return "".join(_BESIDE_LATIN.get(char, char) for char in word).translate(_SMALL)
        if latin and all(char in _ALIKE for char in word):
            return "".join(_ALIKE[char] for char in word)
        return word.translate(_SMALL)

    return _WORD.sub(latinise, chars), origin


def _is_latin(words: list[str]) -> bool:
    """Mostly Latin letters; or more words of two alphabets, which nobody writes, than foreign ones."""
    letters = sum(map(len, words))
    latin = [sum(map(len, _LATIN.findall(word))) for word in words]
    mixed = sum(0 < count < len(word) for count, word in zip(latin, words, strict=True))
    foreign = latin.count(0)
    return sum(latin) * 2 > letters or mixed > foreign
