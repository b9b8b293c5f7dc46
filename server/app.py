"""The composition root: builds everything once, in the lifespan, and takes it apart again."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from server.api import (
    accounts,
    away,
    care,
    cases,
    climate,
    clinic,
    consents,
    crisis,
    desk,
    emergencies,
    escalations,
    exports,
    group_sessions,
    guard,
    health,
    help,
    judgement,
    measures,
    notices,
    people,
    place,
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
    comfort,
)
from server.api.background import (
    call_those_away,
    count_shadow,
    keep_audit_signed,
    keep_group_sessions,
    keep_measures_asked,
    keep_members_told,
    keep_memory_settled,
    keep_own_data_moving,
    keep_policy_current,
    keep_presence_told,
    keep_retention,
    keep_sessions_honest,
    keep_shadow_counted,
    keep_time,
    keep_watch_of_the_loop,
    keep_weeks_counted,
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
from server.api.plain import rooms as plain_rooms
from server.api.plain import saying as plain_saying
from server.api.replays import Replays
from server.api.shield import Shield
from server.api.web_push import PushSender
from server.assessor import Assessor
from server.clock import Clock, SystemClock
from server.limits import Limits
from server.live.catching_up import CatchUp
from server.measures import Catalogue
from server.measures import load as load_measures
from server.services import listening
from server.services.in_force import Standing, Tally
from server.services.passphrases import Passphrases
from server.services.reader import Reader
from server.settings import Settings
from server.store import erasing
from server.store.heads import Heads
from server.store.keys import KeyStore
from server.store.occupied import in_use
from server.store.opening import open_database, open_key_file
from server.store.sealing import Sealer

log = logging.getLogger(__name__)

# The pages come last: they answer whatever no route before them does.
_ROUTERS = (
    health,
    place,
    help,
    crisis,
    accounts,
    consents,
    care,
    notices,
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
    group_sessions,
    measures,
    guard,
    push,
    away,
    steward,
    judgement,
    steward_policy,
    templates,
    socket,
    plain_entry,
    plain_rooms,
    plain_saying,
)


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The whole server. The database is expected to be migrated, and the place founded."""
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
    add_error_handlers(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.include_router(pages)
    app.add_middleware(Shield, policy=content_policy(settings.origin), https=settings.is_https)
    describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        parts, keys = await _build(app.state.settings, app.state.clock, stack)
        app.state.parts = parts
        tasks = [
            asyncio.create_task(keep_watch_of_the_loop(), name="watch"),
            asyncio.create_task(keep_memory_settled(parts), name="memory"),
            asyncio.create_task(keep_presence_told(parts), name="presence"),
            asyncio.create_task(keep_sessions_honest(parts), name="sessions"),
            asyncio.create_task(read_what_was_missed(parts), name="late-reading"),
            asyncio.create_task(keep_time(parts), name="time"),
            asyncio.create_task(keep_group_sessions(parts), name="group-sessions"),
            asyncio.create_task(call_those_away(parts), name="calling"),
            asyncio.create_task(push_to_those_away(parts), name="pushing"),
            asyncio.create_task(push_to_members_away(parts), name="telling members"),
            asyncio.create_task(keep_audit_signed(parts), name="audit"),
            asyncio.create_task(keep_policy_current(parts), name="policy"),
            asyncio.create_task(keep_shadow_counted(parts), name="shadow"),
            asyncio.create_task(keep_weeks_counted(parts), name="climate"),
            asyncio.create_task(keep_own_data_moving(parts), name="own-data"),
            asyncio.create_task(keep_retention(parts, keys, app.state.clock), name="retention"),
            asyncio.create_task(keep_members_told(parts), name="care"),
            asyncio.create_task(keep_measures_asked(parts), name="measures"),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await count_shadow(parts)
        await sign_audit(parts)


async def _build(settings: Settings, clock: Clock, stack: AsyncExitStack) -> tuple[Parts, KeyStore]:
    stack.enter_context(in_use(settings))
    key_file = open_key_file(settings)
    keys = KeyStore(settings.keys_path, key_file)
    stack.callback(keys.close)
    passphrases = Passphrases()
    stack.callback(passphrases.close)
    catch_up = CatchUp()
    hub, tally, standing = catch_up.hub, Tally(), Standing()
    database = open_database(
        settings, Sealer(key_file, keys), clock, lambda told: hub.announce(tally.take(told))
    )
    stack.push_async_callback(database.close)
    # An older database may have been put back: nobody is answered before the erased are gone from it again.
    await database.do(partial(erasing.erase_again, erased=keys.erased()))
    catch_up.reads_with(listening.StoredPages(database))
    stack.push_async_callback(catch_up.close)
    assessor = Assessor(
        settings.classifier, settings.models_dir, deadline_s=settings.assess_deadline_ms / 1000
    )
    await standing.refresh(database)
    replays = Replays(settings, database)
    stack.push_async_callback(replays.close)
    await assessor.start()
    stack.push_async_callback(assessor.close)
    parts = Parts(
        settings=settings,
        database=database,
        hub=catch_up.hub,
        catch_up=catch_up,
        assessor=assessor,
        reader=Reader(assessor, standing),
        limits=Limits(settings.limits_profile),
        passphrases=passphrases,
        heads=Heads(settings.heads_path, key_file),
        push=PushSender(keys.server_secret("push"), settings.origin),
        replays=replays,
        tally=tally,
        measures=_measures(settings),
    )
    return parts, keys


def _measures(settings: Settings) -> Catalogue:
    catalogue = load_measures(settings.measures_path)
    for problem in catalogue.problems:
        log.error("a questionnaire is left out: %s", problem)
    return catalogue
