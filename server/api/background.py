"""What goes on by itself while the server runs. Each loop is owned by the lifespan and outlives any one failure."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from server.api.command import DONE, run_command
from server.api.depend import Parts
from server.api.own_copies import drop_files, make_exports
from server.api.web_push import PushSender
from server.clock import Clock
from server.counting import COUNTS
from server.errors import ServerError
from server.protocol import frames
from server.services import (
    answering,
    away,
    by_itself,
    calling,
    climate,
    emergencies,
    erasure,
    late,
    listening,
    measure_rounds,
    measure_terms,
    pushing,
    retention,
    session_timers,
    sessions,
    sharing,
    take_down,
    timers,
)
from server.services.pushing import Push
from server.services.well import disk_of
from server.store import crossing, group_sessions, guesses, well
from server.store.keys import KeyStore
from server.store.opening import settle_journal
from server.store.rotating import count_not_current, may_drop
from server.store.signing import sign
from server.store.work import Database, Work

log = logging.getLogger(__name__)

_WATCH_EVERY_S = 0.05
_BLOCKED_S = 0.1
_SETTLE_EVERY_S = 1.0
_MANY = 100
_PRESENCE_EVERY_S = 1.0
_HONEST_EVERY_S = 5.0
_AT_ONCE = 500
_LATE_EVERY_S = 2.0
_LATE_DEADLINE_S = 5.0
_TICK_S = 2.0
_UNHURRIED_S = 10.0
"""For what nobody sits and waits for: each look costs a millisecond, however little there is to find."""
_NEWS_EVERY_S = 10.0
_AT_THE_SAME_TIME = 4
_SIGN_EVERY_S = 3.0
_LOOK_EVERY_S = 10.0
_MINUTE_S = 60.0
_POLICY_EVERY_S = 2.0
_SHADOW_EVERY_S = 5.0
_WEEKS_EVERY_S = 60.0
_REPLIES_EVERY_S = 300.0
_RETENTION_EVERY_S = 60.0
_BREATH_S = 0.05
_MOST_BREATH_S = 0.25
_ASK_EVERY_S = 30.0


@contextmanager
def _outliving(what: str) -> Iterator[None]:
    """A loop goes on whatever fails in one of its rounds; it is said, as a code, and counted."""
    outcome = "done"
    try:
        yield
    except ServerError as error:
        outcome = "waits"
        log.warning("%s waits: %s", what, error.code)
    except Exception as error:
        outcome = "failed"
        log.error("%s failed: %s", what, type(error).__name__)
    finally:
        COUNTS.jobs[what, outcome] += 1


async def keep_watch_of_the_loop() -> None:
    """Whatever holds the loop up holds everybody up: it is said how long, never what."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _WATCH_EVERY_S
        await asyncio.sleep(_WATCH_EVERY_S)
        late_s = loop.time() - due
        COUNTS.late_s.add(late_s)
        if late_s > _BLOCKED_S:
            log.warning("the event loop stood still for %d ms", late_s * 1000)


async def keep_memory_settled(parts: Parts) -> None:
    """What lives as long as a connection is set aside from the garbage collector after many came:
    to look through all of it would stop the world for longer than a message may take."""
    settled = 0
    while True:
        await asyncio.sleep(_SETTLE_EVERY_S)
        here = len(parts.hub.sockets())
        if here > settled + _MANY:
            gc.collect(1)
            gc.freeze()
            settled = here
        settled = min(settled, here)


async def keep_presence_told(parts: Parts) -> None:
    """Rooms where somebody came or went hear of it together, at most once a second."""
    while True:
        await asyncio.sleep(_PRESENCE_EVERY_S)
        if parts.feed:
            parts.feed.say_who_is_here()
        rooms = list(parts.hub.changed_rooms)
        parts.hub.changed_rooms.clear()
        if rooms:
            try:
                await _tell_presence(parts, rooms)
            except ServerError:
                parts.hub.changed_rooms.update(rooms)


async def _tell_presence(parts: Parts, rooms: list[UUID]) -> None:
    on = await parts.database.read(lambda work: listening.rooms_with_moderator(work, rooms))
    for room in rooms:
        parts.hub.presence(room, moderator_on=room in on)


async def keep_sessions_honest(parts: Parts) -> None:
    """A socket does not outlive its session, nor its member's role: also when these ended elsewhere
    (they ran out, or somebody worked at the terminal)."""
    while True:
        await asyncio.sleep(_HONEST_EVERY_S)
        try:
            await end_what_ended(parts)
        except ServerError as error:
            log.warning("sessions could not be looked at: %s", error.code)


async def end_what_ended(parts: Parts) -> None:
    """Close each socket whose session no longer stands, or whose member is something else by now."""
    find = partial(sessions.standing, asks_second_step=not parts.settings.demo)
    connections = parts.hub.sockets()
    for start in range(0, len(connections), _AT_ONCE):
        some = connections[start : start + _AT_ONCE]
        ids = [connection.actor.session for connection in some]
        standing = await parts.database.read(partial(find, session_ids=ids))
        for connection in some:
            if standing.get(connection.actor.session) is not connection.actor.role:
                parts.hub.end(connection, frames.Close.SESSION)


async def keep_audit_signed(parts: Parts) -> None:
    """What was added to the audit log is signed outside the database within seconds."""
    told: str | None = None
    while True:
        problem = await sign_audit(parts)
        COUNTS.jobs["signing the audit log", "failed" if problem else "done"] += 1
        if problem and problem != told:
            log.error("the audit log is not signed: %s; run: hearth audit verify", problem)
        told = problem
        await asyncio.sleep(_SIGN_EVERY_S)


async def sign_audit(parts: Parts) -> str | None:
    """Once, now. Returns the code of what hindered it."""
    try:
        await sign(parts.database, parts.heads)
    except ServerError as error:
        return error.code
    except OSError as error:
        return type(error).__name__
    return None


async def keep_policy_current(parts: Parts) -> None:
    """What another process or somebody at the terminal applied judges here within seconds."""
    while True:
        await asyncio.sleep(_POLICY_EVERY_S)
        with _outliving("the policy"):
            await parts.reader.standing.refresh(parts.database)


async def keep_shadow_counted(parts: Parts) -> None:
    """What those in shadow would have done is written down every few seconds."""
    while True:
        await asyncio.sleep(_SHADOW_EVERY_S)
        await count_shadow(parts)


async def count_shadow(parts: Parts) -> None:
    """Once, now."""
    with _outliving("counting what is in shadow"):
        await parts.tally.write_down(parts.database)


async def read_what_was_missed(parts: Parts) -> None:
    """Messages that the model was too late or too broken for are read once it can again."""
    while True:
        await asyncio.sleep(_LATE_EVERY_S)
        if parts.assessor.state != "ready":
            continue
        with _outliving("late reading"):
            began = time.monotonic()
            while await _read_some(parts):
                # Half of the time at most: whoever speaks now needs the same processors, and the same writer.
                await asyncio.sleep(min(time.monotonic() - began, _MOST_BREATH_S))
                began = time.monotonic()


async def _read_some(parts: Parts) -> bool:
    """Some of what waits; whether to go on at once."""
    unread = await parts.database.read(late.find_unread)
    read = await asyncio.gather(
        *(parts.assessor.assess(one.passage, deadline_s=_LATE_DEADLINE_S) for one in unread)
    )
    records = [
        partial(
            late.record,
            assessment_id=one.assessment_id,
            assessment=assessment,
            standing=parts.reader.in_force,
        )
        for one, assessment in zip(unread, read, strict=True)
    ]
    # A few at once: the writer makes them durable together, and others find a connection free.
    for start in range(0, len(records), _AT_THE_SAME_TIME):
        some = records[start : start + _AT_THE_SAME_TIME]
        await asyncio.gather(*(parts.database.do(record) for record in some))
    return any(assessment.assessed for assessment in read)


async def keep_time(parts: Parts) -> None:
    """What is to happen by itself happens, at most one tick after it was due; what fell due while
    the server was down, at once."""
    has_command = bool(parts.settings.alert_command)
    planned = False
    while True:
        with _outliving("what is due"):
            if not planned:
                await parts.database.do(timers.plan_unplanned)
                planned = True
            await do_what_is_due(parts.database, has_command=has_command)
        await asyncio.sleep(_TICK_S)


async def do_what_is_due(database: Database, *, has_command: bool) -> int:
    """Everything that is due now, each in a transaction of its own. Returns how much was done.

    One that fails is said, and does not keep the others back.
    """
    if await database.read(by_itself.find_forsaken):
        await database.do(by_itself.end_forsaken)
    done, failed = 0, set[UUID]()
    while due := [one for one in await database.read(by_itself.find_due) if one not in failed]:
        for timer_id in due:
            try:
                done += await database.do(
                    partial(by_itself.run, timer_id=timer_id, has_command=has_command)
                )
            except Exception as error:
                failed.add(timer_id)
                log.error("timer %s failed: %s", timer_id, type(error).__name__)
    return done


async def keep_looking(parts: Parts) -> None:
    """For the metrics, where anybody reads them: the database is looked at now and then, not at each reading."""
    while parts.settings.metrics_port:
        with _outliving("looking"):
            await look(parts)
        await asyncio.sleep(_LOOK_EVERY_S)


async def look(parts: Parts) -> None:
    """Once, now."""
    parts.watch.disk = await asyncio.to_thread(disk_of, parts.settings.data_dir)
    parts.watch.look = await parts.database.read(well.look)


async def keep_minutes(parts: Parts) -> None:
    """The last hour, for the steward's page."""
    while True:
        await asyncio.sleep(_MINUTE_S)
        parts.watch.end_minute(datetime.now(UTC))


async def keep_who_came(parts: Parts) -> None:
    """Who has the room open during a session is noted: each worker sees its own."""
    while True:
        with _outliving("group sessions"):
            await note_who_came(parts)
        await asyncio.sleep(_TICK_S)


async def keep_group_sessions(parts: Parts) -> None:
    """Reminders are told, and each session is counted at its end."""
    while True:
        with _outliving("group sessions"):
            await do_what_sessions_are_due(parts.database)
        await asyncio.sleep(_TICK_S)


async def note_who_came(parts: Parts) -> None:
    """Once, now: for each session that goes on. A round in which nobody new came writes nothing."""
    for session_id, room_id in await parts.database.read(session_timers.find_live):
        here = parts.hub.listening(room_id)
        known = partial(group_sessions.present, session_id=session_id)
        if here - await parts.database.read(known):
            await parts.database.do(
                partial(session_timers.note_present, session_id=session_id, here=here)
            )


async def do_what_sessions_are_due(database: Database) -> int:
    """Everything that is due now, each in a transaction of its own. Returns how much was done."""
    done, failed = 0, set[UUID]()
    while due := [one for one in await database.read(session_timers.find_due) if one not in failed]:
        for timer_id in due:
            try:
                done += await database.do(partial(session_timers.run, timer_id=timer_id))
            except Exception as error:
                failed.add(timer_id)
                log.error("session timer %s failed: %s", timer_id, type(error).__name__)
    return done


async def call_those_away(parts: Parts) -> None:
    """The steward's command is run for each rung that asked for it, also when we were stopped between."""
    words = parts.settings.alert_words
    while words:
        with _outliving("calling"):
            calls = await parts.database.read(calling.words_to_pass)
            await _make_calls(parts.database, words, calls)
        await asyncio.sleep(_TICK_S)


async def _make_calls(
    database: Database, words: list[str], calls: list[tuple[UUID, list[str]]]
) -> None:
    """A few at the same time: one that hangs must not keep the others waiting."""
    some = asyncio.Semaphore(_AT_THE_SAME_TIME)

    async def make(timer_id: UUID, passed: list[str]) -> None:
        async with some:
            outcome = await run_command([*words, *passed])
        if outcome != DONE:
            log.error("the alert command failed: %s", outcome)
        await database.do(partial(calling.record_call, timer_id=timer_id, outcome=outcome))

    async with asyncio.TaskGroup() as group:
        for timer_id, passed in calls:
            group.create_task(make(timer_id, passed))


async def push_to_those_away(parts: Parts) -> None:
    """Staff who asked for it are called on their browsers: never in a transaction, and each in its time."""
    while True:
        with _outliving("pushing"):
            await push_what_waits(parts.database, parts.push)
        await asyncio.sleep(_TICK_S)


async def push_to_members_away(parts: Parts) -> None:
    """Members who asked for it are told that there is something new, at most once an hour and room."""
    while True:
        with _outliving("telling members"):
            await push_what_is_new(parts.database, parts.push)
        await asyncio.sleep(_NEWS_EVERY_S)


async def push_what_waits(database: Database, sender: PushSender) -> int:
    """Everything that staff are called for now. Returns how many were tried."""
    return await _push(database, sender, pushing.to_send, pushing.record)


async def push_what_is_new(database: Database, sender: PushSender) -> int:
    """What is new for members who are away. Returns how many were tried."""
    if await database.read(away.is_anything_new):
        await database.do(away.look_through)
    return await _push(database, sender, away.to_send, away.record)


async def _push(
    database: Database,
    sender: PushSender,
    to_send: Callable[[Work], tuple[list[Push], list[UUID]]],
    record: Callable[[Work, UUID, str], None],
) -> int:
    """All of it, a few at the same time."""
    some = asyncio.Semaphore(_AT_THE_SAME_TIME)

    async def send(push: Push) -> None:
        async with some:
            outcome = await sender.send(push)
        if outcome != pushing.DONE:
            log.warning("a push message was not taken: %s", outcome)
        await database.do(lambda work: record(work, push.call, outcome))

    found, stale = await database.read(to_send)
    for call_id in stale:
        await database.do(partial(_record_stale, record, call_id))
    async with asyncio.TaskGroup() as group:
        for push in found:
            group.create_task(send(push))
    return len(found)


async def keep_copies_made(parts: Parts) -> None:
    """Of members' own data, soon after they asked."""
    while True:
        with _outliving("copies of own data"):
            await make_exports(parts.settings, parts.database)
        await asyncio.sleep(_TICK_S)


async def keep_what_is_over_gone(parts: Parts) -> None:
    """Copies that nobody may fetch any more go, and whoever leaves for good goes soon after their day is over."""
    while True:
        with _outliving("copies of own data"):
            await drop_files(parts.settings, parts.database)
        with _outliving("erasing"):
            if await erase_who_left(parts.database):
                await asyncio.to_thread(settle_journal, parts.settings)
        await asyncio.sleep(_UNHURRIED_S)


async def erase_who_left(database: Database) -> int:
    """Everybody whose day is over, a step at a time. Returns how many are gone."""
    due = await database.read(erasure.find_due)
    for member_id in due:
        go_on = partial(erasure.go_on, member_id=member_id)
        while await database.do(go_on):  # noqa: ASYNC110 - not waiting: working
            await asyncio.sleep(_BREATH_S)
    return len(due)


async def keep_retention(parts: Parts, keys: KeyStore, clock: Clock) -> None:
    """Once a day what is past its days goes."""
    while True:
        with _outliving("retention"):
            if await parts.database.read(retention.find_due):
                await remove_what_is_past(parts.database)
                await _drop_old_keys(parts.database, keys, clock)
        await asyncio.sleep(_RETENTION_EVERY_S)


async def _drop_old_keys(database: Database, keys: KeyStore, clock: Clock) -> None:
    """Keys from before the last change go when no copy of them may be left, and nothing here needs them."""
    if not await asyncio.to_thread(may_drop, keys, clock.now()):
        return
    if await database.read(count_not_current):
        log.error("words still stand under old keys; run: hearth keys rotate")
    else:
        await asyncio.to_thread(keys.drop_retired)


async def remove_what_is_past(database: Database) -> int:
    """Every kind that is due, looked for beside the writer. Killed in the middle, the next look goes on.

    Returns how many rows went.
    """
    done = 0
    for kind in await database.read(retention.find_due):
        removed = 0
        while ids := await database.read(partial(retention.find_past, kind=kind)):
            some = await database.do(partial(retention.remove, kind=kind, ids=ids))
            if not some:
                break
            removed += some
            await asyncio.sleep(_BREATH_S)
        await database.do(partial(retention.note_ran, kind=kind, removed=removed))
        done += removed
    return done


async def keep_crossings_few(parts: Parts) -> None:
    """What workers told each other, and counted together, is kept for minutes only."""
    while True:
        with _outliving("forgetting what crossed"):
            await parts.database.do(crossing.forget)
            await parts.database.do(guesses.forget)
        await asyncio.sleep(_RETENTION_EVERY_S)


def _record_stale(record: Callable[[Work, UUID, str], None], call_id: UUID, work: Work) -> None:
    record(work, call_id, pushing.STALE)


async def keep_weeks_counted(parts: Parts) -> None:
    """Each week of each room is counted once, soon after it has settled; years of them in a row."""
    while True:
        with _outliving("counting weeks"):
            await count_weeks(parts.database)
        await asyncio.sleep(_WEEKS_EVERY_S)


async def count_weeks(database: Database) -> int:
    """Every week that is due. It is counted beside the writer, which only stores the figures.

    Returns how many were counted.
    """
    counted = 0
    while due := await database.read(climate.find_due):
        for week in due:
            figures = await database.read(partial(climate.count_week, due=week))
            counted += await database.do(partial(climate.keep_week, due=week, figures=figures))
    return counted


async def keep_replies_counted(parts: Parts) -> None:
    """How long asks wait in each room, for the list of rooms: some minutes old, and never counted for a reader."""
    while True:
        with _outliving("counting replies"):
            counted = await parts.database.read(answering.count)
            await parts.database.do(partial(answering.keep, counted=counted))
        await asyncio.sleep(_REPLIES_EVERY_S)


async def keep_members_told(parts: Parts) -> None:
    """Whose data was open in an emergency is told when it is over; whose consent ends, a week before; and
    stewards, when a report from outside is past its time."""
    while True:
        with _outliving("telling members"):
            await tell_members(parts.database)
        await asyncio.sleep(_UNHURRIED_S)


async def tell_members(database: Database) -> None:
    """Once, now."""
    while await database.read(emergencies.has_untold):
        await database.do(emergencies.tell_members)
    while await database.read(sharing.has_ending):
        await database.do(sharing.tell_ending)
    while await database.read(take_down.has_late):
        await database.do(take_down.tell_late)


async def keep_measures_asked(parts: Parts) -> None:
    """Groups are asked when their clinicians said; after a standstill once, not as often as was missed."""
    while True:
        with _outliving("asking"):
            await ask_what_is_due(parts)
            await ask_to_confirm(parts)
        await asyncio.sleep(_ASK_EVERY_S)


async def ask_to_confirm(parts: Parts) -> int:
    """Groups that go on without a confirmation of whom an answer calls. Returns how many clinicians were told."""
    told = 0
    find = partial(measure_terms.find_unconfirmed, catalogue=parts.measures)
    for plan_id, terms in await parts.database.read(find):
        told += await parts.database.do(
            partial(measure_terms.ask_for, plan_id=plan_id, terms=terms)
        )
    return told


async def ask_what_is_due(parts: Parts) -> int:
    """Every round that is due now, each in a transaction of its own. Returns how many members were asked."""
    asked = 0
    for plan_id in await parts.database.read(measure_rounds.find_due):
        asked += await parts.database.do(partial(measure_rounds.ask, plan_id=plan_id))
    return asked
