"""Means and methods that could hurt a reader: found in five languages, and not where they mean nothing of the kind.

Written by hand, nobody's own words. They name no more than is needed to see that the phrases work.
"""

from typing import Final

import pytest

from moderation.lexicon import find

HARMFUL: Final = {
    "en": (
        "40 paracetamol with vodka is enough",
        "Honestly, thirty of those tablets would do it.",
        "a belt over the door handle, you pass out in seconds",
        "you can use a rope over the door, it takes four minutes",
        "mix bleach and acid in a closed car",
        "just run a hose from the exhaust",
        "leave the engine on in a closed garage",
        "is the third bridge high enough to die",
        "12 floors is high enough to be sure",
        "whats the least painful way to die",
    ),
    "de": (
        "40 Tabletten reichen, glaub mir",
        "Was ist die sicherste Methode, sich umzubringen?",
        "wie viele Schlaftabletten braucht man",
        "ab wann ist das eine tödliche Dosis",
        "einen Gürtel um die Türklinke, nach Minuten bist du bewusstlos",
        "Schlauch an den Auspuff und fertig",
    ),
    "es": (
        "con 40 pastillas bastan",
        "cuál es la forma más rápida de morir",
        "¿Cuántas pastillas hacen falta?",
        "cuál sería la dosis letal",
        "una soga en la puerta y en minutos estás inconsciente",
    ),
    "fr": (
        "40 comprimés suffisent",
        "c'est quoi la façon la plus rapide de mourir",
        "combien de cachets il faut pour mourir",
        "quelle est la dose mortelle",
        "une ceinture sur la porte, en quelques minutes t'es inconscient",
    ),
    "ar": (
        "ما هي أسهل طريقة للموت",
        "كم حبة تكفي للموت",
        "ما هي الجرعة القاتلة، يعني جرعة قاتلة من هذا",
    ),
}

HARMLESS: Final = (
    "Two paracetamol are enough for my headache.",
    "The doctor counted 30 tablets and gave me a new prescription.",
    "never mix bleach and acid when you clean the bathroom",
    "I hung my scarf on the door and went to bed.",
    "the belt on the door of my car squeaks for ten minutes every morning",
    "We live on the 12th floor and the view is enough for me.",
    "the fence is not high enough to keep the dog in",
    "The hose in the garden leaks.",
    "she left the car running outside",
    "Ich nehme jeden Tag eine Tablette, das reicht.",
    "Der Schlauch im Garten ist kaputt.",
    "Was ist die beste Methode, um einzuschlafen?",
    "Tomo una pastilla cada noche y basta.",
    "cuál es la mejor forma de dormir",
    "combien de cachets par jour a dit le médecin ?",
    "la meilleure façon de dormir",
    "ما هي أفضل طريقة للنوم",
    "آخذ حبة كل يوم",
)


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, texts in HARMFUL.items() for text in texts]
)
def test_means_and_methods_are_found(language: str, text: str) -> None:
    assert any(hit.category == "methods" for hit in find(text)), language


@pytest.mark.parametrize("text", HARMLESS)
def test_what_teaches_nobody_anything_is_not(text: str) -> None:
    assert [hit.code for hit in find(text) if hit.category == "methods"] == []
