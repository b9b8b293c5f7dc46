"""A part of the drill `malformed` on every run: each field once, and everything that is not JSON."""

import asyncio
import random

from server.client import Http
from server.protocol.frames import client_frame
from tests.server.every_body import every_body
from tests.server.live_server import LiveServer
from tests.server.malforming.requests import malformed_requests, send_requests
from tests.server.malforming.sockets import malformed_frames, send_frames
from tests.server.malforming.world import build, valid_bodies, valid_frames

_REQUESTS = 250
_FRAMES = 200


async def test_malformed_frames_are_refused_and_the_line_stays_open(
    standing_server: LiveServer,
) -> None:
    world = await build(standing_server)
    made = malformed_frames(world)
    fields = {malformed.what.partition(":")[0] for malformed in made}
    sent = random.Random(7).sample(made, _FRAMES) + made[-30:]
    outcome = await send_frames(standing_server, world, sent)
    assert outcome.wrong == []
    assert outcome.counts["refused"] > _FRAMES / 2
    assert outcome.counts["still_works"] == 1
    assert {f"{name}.{field}" for name, f in valid_frames(world).items() for field in f} <= fields


async def test_malformed_requests_are_refused_clearly(standing_server: LiveServer) -> None:
    world = await build(standing_server)
    openapi = await Http(standing_server.url).call("GET", "/api/openapi.json")
    asked = list(malformed_requests(openapi, world))
    sent = random.Random(7).sample(asked, _REQUESTS)
    outcome = await asyncio.to_thread(send_requests, standing_server, world, sent)
    assert outcome.wrong == []
    assert outcome.counts["refused"] > _REQUESTS


async def test_the_valid_frames_and_bodies_are_valid_so_that_a_mutation_means_something(
    standing_server: LiveServer,
) -> None:
    world = await build(standing_server)
    for frame in valid_frames(world).values():
        client_frame.validate_python(frame)
    for model, body in valid_bodies(world).items():
        every_body()[model].model_validate(body)
