"""What judges here right now, known to every process: asked of memory, never of the database, per message."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from moderation.policy import DEFAULT, Policy
from moderation.policy_text import check_policy, numbered
from moderation.shadow import Would
from moderation.thresholds import SHIPPED
from server.errors import ServerError
from server.store import policies
from server.store.policies import ShadowKey
from server.store.tables import PolicyEdition
from server.store.work import Announcement, Database, Shadowed, Work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy that judges, its edition (0: as shipped), and the one on trial, if any.

    newest: the number of the newest change. broken: what is stored could not be read by this version of
    Hearth, and the shipped policy judges in its place.
    """

    policy: Policy = DEFAULT
    number: int = 0
    trial: Policy | None = None
    trial_number: int = 0
    newest: int = 0
    broken: bool = False


AS_SHIPPED = InForce()


def find_in_force(work: Work) -> InForce:
    """What the database says."""
    newest = policies.newest_number(work)
    if newest == 0:
        return AS_SHIPPED
    applied, on_trial = policies.find_applied(work), policies.find_on_trial(work)
    policy = policy_of(applied)
    trial = policy_of(on_trial) if on_trial else None
    return InForce(
        policy=policy or DEFAULT,
        number=applied.number if applied else 0,
        trial=trial,
        trial_number=on_trial.number if on_trial and trial else 0,
        newest=newest,
        broken=policy is None,
    )


def policy_of(edition: PolicyEdition | None) -> Policy | None:
    """The policy of an edition, naming it in every verdict; None when it cannot be read any more."""
    if edition is None or edition.text is None:
        return DEFAULT
    policy = check_policy(edition.text).policy
    return numbered(policy, edition.number) if policy else None


def text_of(edition: PolicyEdition | None) -> str:
    """As it is written."""
    return SHIPPED if edition is None or edition.text is None else edition.text


class Standing:
    """What this process judges by, looked up anew every few seconds and after each change of its own."""

    def __init__(self) -> None:
        self.now = AS_SHIPPED

    async def refresh(self, database: Database) -> None:
        """Whatever was applied meanwhile, here or by another process. Raises what reading raises."""
        newest = await database.read(policies.newest_number)
        if newest != self.now.newest:
            self.now = await database.read(find_in_force)
            log.info("policy %s judges now", self.now.policy.version)
            if self.now.broken:
                log.error("policy edition %d cannot be read: the shipped one judges", newest)


class Tally:
    """Counts what those in shadow would have done, in memory; written down every few seconds.

    A process that dies between loses the counts of some seconds, and nothing else.
    """

    def __init__(self) -> None:
        self._counts: Counter[ShadowKey] = Counter()

    def take(self, announcements: list[Announcement]) -> list[Announcement]:
        """Count what is there to count, after a commit; the others, for the world."""
        rest: list[Announcement] = []
        for announcement in announcements:
            if isinstance(announcement, Shadowed):
                self._counts[announcement.key] += 1
            else:
                rest.append(announcement)
        return rest

    async def write_down(self, database: Database) -> None:
        """Add to what is stored. Raises what writing raises, and then nothing of it is lost."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            await database.do(lambda work: policies.add_counts(work, counts))
        except ServerError:
            self._counts.update(counts)
            raise


def note(work: Work, edition: int, found: Iterable[Would]) -> None:
    """To be counted once this is durable."""
    day = work.now.date().isoformat()
    for would in found:
        work.announce(Shadowed((day, edition, would.what, would.outcome)))
