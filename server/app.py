"""The composition root: builds everything once, in the lifespan, and takes it apart again."""

import asyncio
import hashlib
import hmac
import logging
import signal
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from server.api import (
    accounts,
    ages,
    away,
    care,
    cases,
    climate,
    clinic,
    comfort,
    consents,
    crisis,
    desk,
    duties,
    emergencies,
    escalations,
    exports,
    flagging,
    group_sessions,
    guard,
    health,
    help,
    journal,
    judgement,
    lines,
    measures,
    notices,
    nudges,
    people,
    place,
    plans,
    push,
    queue,
    quiet,
    reasons,
    rights,
    rooms,
    socket,
    steward,
    steward_policy,
    templates,
    threads,
    ways,
    well,
)
from server.api.background import (
    call_those_away,
    count_shadow,
    keep_audit_signed,
    keep_copies_made,
    keep_crossings_few,
    keep_group_sessions,
    keep_looking,
    keep_measures_asked,
    keep_members_told,
    keep_memory_settled,
    keep_minutes,
    keep_policy_current,
    keep_presence_told,
    keep_replies_counted,
    keep_retention,
    keep_sessions_honest,
    keep_shadow_counted,
    keep_time,
    keep_watch_of_the_loop,
    keep_weeks_counted,
    keep_what_is_over_gone,
    keep_who_came,
    push_to_members_away,
    push_to_those_away,
    read_what_was_missed,
    sign_audit,
)
from server.api.depend import Parts
from server.api.errors import add_error_handlers
from server.api.openapi import describe
from server.api.pages import content_policy
from server.api.pages import router as pages
from server.api.plain import entry as plain_entry
from server.api.plain import report as plain_report
from server.api.plain import rooms as plain_rooms
from server.api.plain import saying as plain_saying
from server.api.replays import Replays
from server.api.shared_limits import SharedLimits
from server.api.shield import Shield
from server.api.traced import watched
from server.api.watch import counted
from server.api.watching import Watched
from server.api.web_push import PushSender
from server.assessor import Assessor
from server.classifiers.address import Address
from server.classifiers.secret import classifier_secrets
from server.clock import Clock, SystemClock
from server.ids import new_id
from server.limits import Limits
from server.live.catching_up import CatchUp
from server.live.feed import Feed
from server.live.hints import Carrier, PostgresCarrier
from server.measures import Catalogue
from server.measures import load as load_measures
from server.services import listening
from server.services.in_force import Standing, Tally
from server.services.known_devices import KnownDevices
from server.services.passphrases import Passphrases
from server.services.reader import Reader
from server.settings import Settings
from server.store import erasing
from server.store.heads import Heads
from server.store.keys import KeyStore
from server.store.occupied import in_use
from server.store.opening import open_database, open_key_file
from server.store.sealing import Sealer
from server.store.turn import Turn
from server.store.work import Database

log = logging.getLogger(__name__)

_BY_REDIS = "server.live.by_redis"

# The pages come last: they answer whatever no route before them does.
_ROUTERS = (
    health,
    place,
    help,
    crisis,
    accounts,
    ages,
    ways,
    consents,
    care,
    notices,
    nudges,
    quiet,
    reasons,
    rights,
    rooms,
    threads,
    comfort,
    queue,
    cases,
    desk,
    clinic,
    people,
    emergencies,
    climate,
    escalations,
    exports,
    flagging,
    group_sessions,
    measures,
    plans,
    journal,
    guard,
    push,
    away,
    steward,
    duties,
    well,
    judgement,
    steward_policy,
    templates,
    socket,
    lines,
    plain_entry,
    plain_report,
    plain_rooms,
    plain_saying,
)


def create_app(settings: Settings, clock: Clock | None = None, workers: int = 1) -> FastAPI:
    """The whole server. The database is expected to be migrated, and the place founded.

    workers: how many serve beside each other on this machine, this one too.
    """
    app = FastAPI(
        title="Hearth",
        version="1",
        lifespan=_lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.clock = clock or SystemClock()
    app.state.workers = workers
    add_error_handlers(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.include_router(pages)
    app.add_middleware(Shield, policy=content_policy(settings.origin), https=settings.is_https)
    app.add_middleware(Watched)  # the last that is added stands before all others
    describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        parts, keys = await _build(app.state.settings, app.state.clock, stack, app.state.workers)
        app.state.parts = parts
        turn = Turn(_postgres_of(parts.settings), lambda: _by_one(parts, keys, app.state.clock))
        tasks = [
            asyncio.create_task(keep_watch_of_the_loop(), name="watch"),
            asyncio.create_task(keep_memory_settled(parts), name="memory"),
            asyncio.create_task(keep_presence_told(parts), name="presence"),
            asyncio.create_task(keep_sessions_honest(parts), name="sessions"),
            asyncio.create_task(keep_who_came(parts), name="who came"),
            asyncio.create_task(keep_policy_current(parts), name="policy"),
            asyncio.create_task(keep_shadow_counted(parts), name="shadow"),
            asyncio.create_task(keep_looking(parts), name="looking"),
            asyncio.create_task(keep_minutes(parts), name="minutes"),
            asyncio.create_task(turn.keep(), name="turn"),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await count_shadow(parts)
        await sign_audit(parts)


def _by_one(parts: Parts, keys: KeyStore, clock: Clock) -> Sequence[Coroutine[Any, Any, None]]:
    """What goes on by itself in one worker at a time, however many serve."""
    return (
        read_what_was_missed(parts),
        keep_time(parts),
        keep_group_sessions(parts),
        call_those_away(parts),
        push_to_those_away(parts),
        push_to_members_away(parts),
        keep_audit_signed(parts),
        keep_weeks_counted(parts),
        keep_replies_counted(parts),
        keep_copies_made(parts),
        keep_what_is_over_gone(parts),
        keep_retention(parts, keys, clock),
        keep_members_told(parts),
        keep_measures_asked(parts),
        keep_crossings_few(parts),
    )


def _postgres_of(settings: Settings) -> str:
    """Empty: the embedded database, which one process serves."""
    url = settings.database_url
    return url if url.startswith("postgres") else ""


def _end() -> None:
    """Members hear that this worker goes, and whoever watches it starts it again."""
    signal.raise_signal(signal.SIGTERM)


async def _build(
    settings: Settings, clock: Clock, stack: AsyncExitStack, workers: int
) -> tuple[Parts, KeyStore]:
    stack.enter_context(in_use(settings))
    key_file = open_key_file(settings)
    keys = KeyStore(settings.keys_at, key_file)
    stack.callback(keys.close)
    passphrases = Passphrases()
    stack.callback(passphrases.close)
    catch_up = CatchUp()
    hub, tally, standing = catch_up.hub, Tally(), Standing()
    feed = Feed(hub, new_id()) if _postgres_of(settings) else None
    announce = feed.announce if feed else hub.announce
    database = watched(
        open_database(
            settings,
            Sealer(key_file, keys),
            clock,
            counted(lambda told: announce(tally.take(told))),
            feed.worker if feed else None,
        )
    )
    stack.push_async_callback(database.close)
    # An older database may have been put back: nobody is answered before the erased are gone from it again.
    await database.do(partial(erasing.erase_again, erased=keys.erased()))
    catch_up.reads_with(listening.StoredPages(database))
    stack.push_async_callback(catch_up.close)
    if feed:
        begun = await database.read(listening.begun)
        secret = hmac.digest(keys.server_secret("hints"), begun.epoch.encode(), "sha256")
        channel = f"hearth-{hashlib.sha256(secret).hexdigest()[:16]}"
        stored = listening.StoredFeed(database, begun)
        await feed.open(stored, _carrier(settings, channel), secret, _end)
        stack.push_async_callback(feed.close)
    assessor = Assessor(
        settings.classifier,
        settings.models_dir,
        deadline_s=settings.assess_deadline_ms / 1000,
        addresses=[Address.read(text) for text in settings.classifier_addresses],
        secret=lambda: classifier_secrets(settings)[0],
    )
    await standing.refresh(database)
    replays = Replays(settings, database)
    stack.push_async_callback(replays.close)
    await assessor.start()
    stack.push_async_callback(assessor.close)
    limits = _limits(settings, database, keys, workers)
    stack.push_async_callback(limits.close)
    parts = Parts(
        settings=settings,
        database=database,
        hub=catch_up.hub,
        feed=feed,
        catch_up=catch_up,
        assessor=assessor,
        reader=Reader(assessor, standing),
        limits=limits,
        passphrases=passphrases,
        devices=KnownDevices(keys.server_secret("devices")),
        heads=Heads(settings.heads_path, key_file),
        push=PushSender(keys.server_secret("push"), settings.origin),
        replays=replays,
        tally=tally,
        measures=_measures(settings),
    )
    return parts, keys


def _carrier(settings: Settings, channel: str) -> Carrier:
    if settings.redis_url:
        carrier: Carrier = import_module(_BY_REDIS).RedisCarrier(settings.redis_url, channel)
        return carrier
    return PostgresCarrier(settings.database_url, channel)


def _limits(settings: Settings, database: Database, keys: KeyStore, workers: int) -> Limits:
    """workers: how many serve on this machine."""
    url = settings.redis_url
    return SharedLimits(
        settings.limits_profile,
        database,
        secret=keys.server_secret("limits"),
        counter=import_module(_BY_REDIS).RedisCounter(url) if url else None,
        workers=workers,
        trusted=settings.trusted,
    )


def _measures(settings: Settings) -> Catalogue:
    catalogue = load_measures(settings.measures_path)
    for problem in catalogue.problems:
        log.error("a questionnaire is left out: %s", problem)
    return catalogue
