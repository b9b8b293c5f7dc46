"""Whether what is there can be told from what is not: by status, body, length, and by the time it takes."""

import http.client
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from scipy.stats import mannwhitneyu  # type: ignore[import-untyped]

_TIMEOUT_S = 120.0
MOST_AUC = 0.55
MOST_MEDIAN_MS = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """One question in two forms: about what is there, and about what is not. number: which time it is asked."""

    name: str
    method: str
    path: Callable[[bool, int], str]
    body: Callable[[bool, int], dict[str, Any] | None]
    token: str = ""


@dataclass(slots=True)
class Told:
    """What the answers of one probe tell. Seconds by whether it was there."""

    name: str
    took_s: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    answers: dict[bool, set[tuple[int, bytes]]] = field(
        default_factory=lambda: {True: set(), False: set()}
    )

    @property
    def auc(self) -> float:
        """How often the slower of two is the one that is there, at best for whoever guesses; 0.5: no telling."""
        there, missing = self.took_s[True], self.took_s[False]
        share = float(mannwhitneyu(there, missing).statistic) / (len(there) * len(missing))
        return max(share, 1 - share)

    @property
    def p(self) -> float:
        """Of the Mann-Whitney test, two-sided."""
        return float(mannwhitneyu(self.took_s[True], self.took_s[False]).pvalue)

    @property
    def median_ms(self) -> float:
        """Difference of the medians, without its sign."""
        return abs(median(self.took_s[True]) - median(self.took_s[False])) * 1_000

    @property
    def looks_same(self) -> bool:
        """One answer for both, byte by byte."""
        return self.answers[True] == self.answers[False] and len(self.answers[True]) == 1

    @property
    def is_told(self) -> bool:
        """Whether somebody could know."""
        return not self.looks_same or self.auc >= MOST_AUC or self.median_ms >= MOST_MEDIAN_MS

    def figures(self) -> dict[str, Any]:
        """For a report."""
        return {
            "n": len(self.took_s[True]), "same": self.looks_same, "auc": round(self.auc, 3),
            "p": round(self.p, 4), "median_ms": round(self.median_ms, 2),
            "statuses": sorted({status for status, _ in self.answers[True] | self.answers[False]}),
        }  # fmt: skip


def tell_apart(port: int, probe: Probe, count: int, seed: int = 7) -> Told:
    """Each form so often, in random order, over one line: what else goes on meets both alike."""
    told = Told(probe.name)
    rng = random.Random(seed)
    order = [True] * count + [False] * count
    rng.shuffle(order)
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    numbers = {True: 0, False: 0}
    for is_there in order:
        number = numbers[is_there]
        numbers[is_there] += 1
        path, body = probe.path(is_there, number), probe.body(is_there, number)
        headers = {"Content-Type": "application/json"}
        if probe.token:
            headers["Authorization"] = f"Bearer {probe.token}"
        sent = None if body is None else json.dumps(body)
        begin = time.perf_counter()
        line.request(probe.method, path, sent, headers)
        answer = line.getresponse()
        content = answer.read()
        told.took_s[is_there].append(time.perf_counter() - begin)
        told.answers[is_there].add((answer.status, content))
    line.close()
    return told
