"""Writes the figures of CARD.md from figures.json, so that no number there was typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from moderation.signals import EMPATHY, TOXICITY

CARD: Final = Path(__file__).with_name("CARD.md")
_BEGIN, _END = "<!-- figures -->\n", "<!-- end of figures -->"

Figures = Mapping[str, Any]


def write(figures: Figures, without_epitome: Figures | None = None, card: Path = CARD) -> None:
    """Puts the tables between the card's two marks. Raises ValueError where a mark is missing.

    without_epitome: of the model that was trained so, to stand beside.
    """
    text = card.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise ValueError(f"{card.name} lacks the marks that figures stand between")
    lines = [*tables(figures)]
    if without_epitome:
        lines += side_by_side(figures, without_epitome)
    card.write_text(before + _BEGIN + "\n".join(lines) + "\n" + _END + after, "utf-8")


_PRIVATE: Final = """# {version}

**Private: never pass this model on, publish it, or put it into a package.** It was trained with
decided messages of one community's members, who agreed to that use alone. What a model has read can
be drawn out of it again.

| | |
|---|---|
| copy of | {made_at} |
| cases since | {since} |
| agreed to | {wordings} |
| members | {authors} |
| decided messages | {rows_opened} |
| left out because of a withdrawal | {rows_withdrawn} |

Whoever withdraws drops out of the next training: ask `hearth labels withdrawn FILE` before it.
Its figures: `python -m moderation.training evaluate --data DIR --models {folder}`.
"""


def write_private(folder: Path, version: str, manifest: Figures) -> None:
    """The card of a model that was trained with labels, beside its files. manifest: of the labels."""
    wordings = ", ".join(f"words {name}" for name in sorted(manifest["consent"]["rows_by_wording"]))
    text = _PRIVATE.format(version=version, folder=folder.parent, wordings=wordings, **manifest)
    (folder / CARD.name).write_text(text, "utf-8")


def tables(figures: Figures) -> Iterator[str]:
    """Markdown, line by line."""
    if "toxicity" in figures:
        yield from _toxicity(figures)
        yield from _empathy(figures["empathy"])
        yield from _risk(figures["risk"], figures["surfaced"])
    yield from _risk_talk(figures["risk_talk"])
    yield from _look_alikes(figures["look_alikes"])
    yield from _replies(figures["replies"])
    yield from _disguises(figures["disguises"])
    if "dialect" in figures:
        yield from _dialect(figures["dialect"])
    if "handling" in figures:
        yield from _handling(figures["handling"])


_COMPARED: Final = {
    **{
        f"{_kind.replace('_', ' ')}: {said}": ("empathy", _kind, name)
        for _kind in EMPATHY
        for name, said in (("accuracy", "accuracy"), ("macro_f1", "macro-F1"))
    },
    "toxicity, ROC-AUC": ("toxicity", "toxicity"),
    "marked words, F1": ("marks",),
    "risk, quadratic kappa": ("risk", "kappa"),
    "look-alikes, ROC-AUC": ("look_alikes", "auc"),
    "look-alikes, recall": ("look_alikes", "recall"),
    "look-alikes, specificity": ("look_alikes", "specificity"),
    "self-directed distress called toxic": ("look_alikes", "self_directed_called_toxic"),
    "stressed, called level 2 or above": ("risk_talk", "stressed"),
    "supporters, called level 2 or above": ("risk_talk", "supporters"),
    "our test lines, recall of level 3 and above": ("risk_talk", "recall_from_3"),
    "dismissive replies, ROC-AUC": ("replies", "dismissive", "auc"),
    "unasked advice, ROC-AUC": ("replies", "unasked_advice", "auc"),
}


def side_by_side(figures: Figures, without_epitome: Figures) -> Iterator[str]:
    """The shipped model beside the one that never saw EPITOME."""
    yield "\n### With and without EPITOME\n"
    yield f"| | shipped (`{figures['model']}`) | without (`{without_epitome['model']}`) |"
    yield "|---|---|---|"
    for said, path in _COMPARED.items():
        yield f"| {said} | {_number(_at(figures, path))} | {_number(_at(without_epitome, path))} |"


def _at(figures: Figures, path: tuple[str, ...]) -> Figures:
    for name in path:
        figures = figures[name]
    return figures


def _number(figure: Figures) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f}; n {figure['n']})"


def _share(figure: Figures) -> str:
    low, high = (100 * bound for bound in figure["interval"])
    return f"{100 * figure['value']:.1f} % ({low:.1f} to {high:.1f}; n {figure['n']})"


def _error(figure: Figures) -> str:
    known = "" if figure["established"] else " (not established)"
    return f"{figure['calibration_error']:.3f}{known}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _toxicity(figures: Figures) -> Iterator[str]:
    yield "### Toxicity, Jigsaw rows of part 0\n"
    yield "| signal | ROC-AUC | positives | calibration error | Brier skill |\n|---|---|---|---|---|"
    read = figures["toxicity"]
    for name in TOXICITY:
        one = read[name]
        yield (
            f"| {name} | {_number(one)} | {one['positives']} | {_error(one)} "
            f"| {one['brier_skill']:.2f} |"
        )
    yield (
        f"\n{read['unassessed']} of these rows were read as another language and left out. Marked "
        f"words (Toxic Spans, part 0), character F1: **{_number(figures['marks'])}**.\n"
    )


def _empathy(figures: Figures) -> Iterator[str]:
    yield "### Empathy, EPITOME development pairs\n"
    yield '| mechanism | accuracy | macro-F1 | F1 of "shown at all" | calibration error |'
    yield "|---|---|---|---|---|"
    for name in EMPATHY:
        one = figures[name]
        shown = (_number(one[kind]) for kind in ("accuracy", "macro_f1", "shown_f1"))
        yield f"| {name} | {' | '.join(shown)} | {_error(one)} |"


def _risk(figures: Figures, surfaced: Figures) -> Iterator[str]:
    yield "\n### Risk, single posts by the Columbia scale (part 0, by author)\n\n| | |\n|---|---|"
    yield f"| quadratic kappa, expected level rounded | {_number(figures['kappa'])} |"
    for level in (2, 3):
        yield f"| F1 at level {level} and above | {_number(figures[f'f1_from_{level}'])} |"
        yield f"| ROC-AUC at level {level} and above | {_number(figures[f'auc_from_{level}'])} |"
        error = _error(figures[f"calibration_from_{level}"])
        yield f"| calibration error at level {level} and above | {error} |"
    load, recall = _share(surfaced["load"]), _share(surfaced["recall_from_3"])
    yield f"| real posts and replies surfaced soon or now (policy, with lexicon) | {load} |"
    yield f"| recall of level 3 and above at that load | {recall} |"
    curve = ", ".join(
        f"{100 * at['surfaced']:.0f} %: {at['recall']:.2f}"
        for at in surfaced["curve_by_model_alone"]
    )
    yield f"| the model alone: recall of level 3 and above at each share surfaced | {curve} |"


_TALK_NAMES: Final = {
    "all_calm": "all that is no danger, called level 2 or above",
    "soon_or_now_from_3": "level 3 and above: soon or now by the policy",
    "calm_soon_or_now": "no danger: soon or now by the policy",
}


def _risk_talk(figures: Figures) -> Iterator[str]:
    yield "\n### Our own test lines on danger, patterns never trained on\n\n| | |\n|---|---|"
    for name, figure in figures.items():
        said = _TALK_NAMES.get(name) or (
            f"recall of level {name[-1]} and above"
            if name.startswith("recall")
            else f"{_plain(name)}, called level 2 or above"
        )
        yield f"| {said} | {_share(figure)} |"


def _look_alikes(figures: Figures) -> Iterator[str]:
    yield "\n### Look-alikes: called toxic (0.5)\n\n| kind | called toxic |\n|---|---|"
    sums = ("recall", "specificity", "auc", "self_directed_called_toxic")
    for kind, figure in figures.items():
        if kind not in sums:
            yield f"| {_plain(kind)} | {_share(figure)} |"
    recall, specificity, auc, own = (figures[name] for name in sums)
    yield (
        f"\nHateful or abusive recall **{_share(recall)}**, specificity **{_share(specificity)}**, "
        f"ROC-AUC {_number(auc)}, calibration error {_error(auc)}. Self-directed distress called "
        f"toxic: **{_share(own)}**.\n"
    )


def _replies(figures: Figures) -> Iterator[str]:
    yield "### Replies, our own test pairs\n"
    yield "| signal | ROC-AUC | F1 | calibration error |\n|---|---|---|---|"
    for name, one in figures.items():
        yield f"| {name} | {_number(one['auc'])} | {_number(one['f1'])} | {_error(one)} |"


def _disguises(figures: Figures) -> Iterator[str]:
    yield "\n### Under disguise: of what is found when clear, found still\n"
    yield "| disguise | recall |\n|---|---|"
    for name, figure in figures.items():
        yield f"| {_plain(name)} | {_share(figure)} |"


def _dialect(figures: Figures) -> Iterator[str]:
    yield (
        "\n### Dialect: tweets that people found neither hateful nor offensive (Davidson, part 0), "
        "called toxic\n\n| | |\n|---|---|"
    )
    for name, figure in figures.items():
        yield f"| {_plain(name)} | {_share(figure)} |"


def _handling(figures: Figures) -> Iterator[str]:
    replies, posts = figures["replies"], figures["posts"]
    yield (
        "\n### The default policy on EPITOME's development pairs\n\n"
        f"Of {replies['n']} replies {replies['nudged']} nudged, {replies['held']} held, "
        f"{replies['soon_or_now']} surfaced soon or now; of {posts['n']} posts {posts['nudged']} "
        f"nudged, {posts['held']} held, {posts['support']} shown support, {posts['soon_or_now']} "
        "surfaced soon or now."
    )
