"""The staff's and the steward's routes, against a real server over real HTTP and sockets."""

import asyncio
import urllib.request
from uuid import UUID, uuid4

import pytest

from server.cli.members import add_member, make_token
from server.client import Client, Declined, Http
from server.protocol import bodies, frames
from tests.server.live_server import LiveServer


async def staff(server: LiveServer, name: str, role: str) -> tuple[Http, str]:
    """Somebody made at the terminal, and their token."""
    await server.on_database(lambda work: add_member(work, name, role, None))
    token = await server.on_database(lambda work: make_token(work, name))
    return Http(server.url, token), token


async def peer(server: LiveServer, name: str) -> tuple[Http, str, UUID]:
    """A new member."""
    entered = await Http(server.url).sign_up(name)
    assert entered.token
    return Http(server.url, entered.token), entered.token, entered.me.id


async def hear(heard: list[frames.ServerFrame], kind: type[frames.ServerFrame]) -> None:
    async with asyncio.timeout(10):
        while not any(isinstance(frame, kind) for frame in heard):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_from_a_flag_to_an_answered_appeal(standing_server: LiveServer) -> None:
    server = standing_server
    steward, _ = await staff(server, "Hearthkeeper", "steward")
    fern, fern_token = await staff(server, "Fernhollow", "moderator")
    still, _ = await staff(server, "Stillwater", "moderator")
    marram, marram_token, _ = await peer(server, "Marram")
    ash, ash_token, _ = await peer(server, "Ash")
    made = await steward.call(
        "POST", "/api/steward/rooms", bodies.NewRoom(name="Low days", purpose="To say it plainly.")
    )
    room = UUID(made["id"])
    for mod in (fern, still):
        me = await mod.read("/api/me", bodies.Me)
        keeper = bodies.NewKeeper(member=me.id, seat="moderator")
        await steward.call("PUT", f"/api/steward/rooms/{room}/keepers", keeper)
    for member in (marram, ash):
        await member.take_seat(room)
    assert (await fern.call("PUT", "/api/shift", {"on": True}))["on_shift"] is True

    moderator_heard: list[frames.ServerFrame] = []
    author_heard: list[frames.ServerFrame] = []
    async with (
        Client(server.url, fern_token, hear=moderator_heard.append),
        Client(server.url, marram_token, hear=author_heard.append) as author,
        Client(server.url, ash_token) as reader,
    ):
        await author.join(room)
        await reader.join(room)
        said = await author.post(room, "The kettle is on.")
        assert isinstance(said, frames.Posted)
        await reader.send(
            frames.Flag(type="flag", room=room, message=said.id, reason="not_sure", words="Hm.")
        )
        await hear(moderator_heard, frames.QueueChanged)

        handed = (await fern.call("POST", "/api/queue/next"))["case"]
        seen = await fern.read(f"/api/cases/{handed}", bodies.Case)
        assert [message.text for message in seen.messages] == ["The kettle is on."]
        assert seen.flags[0].note == "Hm."
        decision = bodies.NewDecision(action="hide", version=seen.line.version, reason="Too hot.")
        with pytest.raises(Declined, match="claimed"):
            await still.call("POST", f"/api/cases/{handed}/decisions", decision)
        await fern.call("POST", f"/api/cases/{handed}/decisions", decision)
        with pytest.raises(Declined, match="stale"):
            await fern.call("POST", f"/api/cases/{handed}/decisions", decision)
        await hear(author_heard, frames.Notice)

    [notice] = (await marram.read("/api/me/notices", bodies.Notices)).notices
    assert (notice.kind, notice.words) == ("hidden", "Too hot.")
    await marram.call("POST", f"/api/me/notices/{notice.id}/read")
    await marram.call("POST", f"/api/me/notices/{notice.id}/appeal", {"words": "It is a kettle."})
    assert (await fern.call("POST", "/api/queue/next"))["case"] is None
    [line] = (await still.read("/api/queue?kind=appeal", bodies.Queue)).cases
    answer = bodies.NewDecision(action="overturn", version=line.version, reason="It is a kettle.")
    await still.call("POST", f"/api/cases/{line.id}/decisions", answer)
    history = await ash.read(f"/api/rooms/{room}/messages", bodies.History)
    assert [message.text for message in history.messages] == ["The kettle is on."]
    told = [n.kind for n in (await ash.read("/api/me/notices", bodies.Notices)).notices]
    assert told == ["flag_answered", "flag_answered"]


async def test_each_route_is_closed_to_whom_it_is_not_for(standing_server: LiveServer) -> None:
    juniper, _, _ = await peer(standing_server, "Juniper")
    lamp, _ = await staff(standing_server, "Lamplighter", "steward")
    case, room = uuid4(), uuid4()
    decision = {"action": "hide", "version": 1, "reason": "x"}
    staffs: list[tuple[str, str, object]] = [
        ("GET", "/api/queue", None),
        ("POST", "/api/queue/next", None),
        ("GET", f"/api/cases/{case}", None),
        ("PUT", f"/api/cases/{case}/claim", {"version": 1}),
        ("DELETE", f"/api/cases/{case}/claim", None),
        ("POST", f"/api/cases/{case}/decisions", decision),
        ("GET", "/api/not-assessed", None),
        ("PUT", "/api/shift", {"on": True}),
        ("GET", "/api/clinic", None),
        ("GET", f"/api/clinic/rooms/{room}/climate", None),
    ]
    stewards: list[tuple[str, str, object]] = [
        ("GET", "/api/steward/status", None),
        ("GET", "/api/steward/members", None),
        ("GET", "/api/steward/invitations", None),
        ("GET", "/api/steward/help-lines", None),
        ("PATCH", "/api/steward/place", {"name": "Mine"}),
        ("POST", "/api/steward/invitations", {"role": "steward"}),
    ]
    hers = [one for one in staffs if not one[1].startswith("/api/queue")]  # empty, but open
    for who, routes in ((juniper, [*staffs, *stewards]), (lamp, hers)):
        for method, path, body in routes:
            with pytest.raises(Declined) as refused:
                await who.call(method, path, body)
            assert (path, refused.value.status) in {(path, 403), (path, 404)}
    for method, path, _ in stewards[:4]:
        assert await lamp.call(method, path) is not None


async def test_the_crisis_page_is_plain_html_and_refuses_nobody(
    standing_server: LiveServer,
) -> None:
    def page(path: str, token: str = "") -> str:
        asked = urllib.request.Request(f"{standing_server.url}{path}")  # noqa: S310
        if token:
            asked.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            assert answer.status == 200
            return str(answer.read().decode())

    britain, nowhere = page("/crisis?country=GB"), page("/crisis?country=%3Cscript%3E")
    assert 'href="tel:999"' in britain
    assert "Samaritans" in britain
    ours = '<script src="/leave.js" defer data-title="Notes"></script>'
    assert "<script" not in britain.replace(ours, "")
    assert "<script" not in nowhere.replace(ours, "")
    assert "your local emergency number" in nowhere
    assert "main" in page("/crisis.css")
    _, token, _ = await peer(standing_server, "Sorrel")
    assert '<a href="/plan">My own plan' in page("/crisis", token)
    assert "/plan" not in page("/crisis"), "whoever looks over a stranger's shoulder learns of none"
    assert "/plan" not in page("/crisis", "no-session-at-all")


async def test_help_lines_and_the_place_are_open_to_strangers(standing_server: LiveServer) -> None:
    stranger = Http(standing_server.url)
    lines = await stranger.read("/api/help-lines?country=GB", bodies.HelpCountries)
    place = await stranger.read("/api/place", bodies.Place)
    assert lines.chosen == "GB"
    assert len(lines.countries) > 20
    assert not place.policy_reviewed
