"""Reports from outside by plain forms: anybody, without an account and without JavaScript."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from server.api.plain.door import AnyForm, PlainRoute, Visit, visit_of
from server.api.plain.rendering import page, speaking
from server.errors import BadFrame, NotFound, Pending
from server.ids import new_code
from server.protocol import duties as bodies
from server.protocol.base import TEXT_LIMIT
from server.services import help, outside, take_down

router = APIRouter(prefix="/report", include_in_schema=False, route_class=PlainRoute)

_WORDS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    Path(__file__).with_name("report.toml").read_text(encoding="utf-8")
)
_UNPROCESSABLE = 422
_REPORT = {"x-access": "outside.report"}
_STATUS = {"x-access": "outside.status"}
_EMPTY = {"kind": "", "where": "", "words": "", "name": "", "address": ""}


async def _anybody(request: Request) -> Visit:
    """Whoever comes, also who waits to be let in."""
    try:
        return await visit_of(request)
    except Pending:
        return await visit_of(request, as_stranger=True)


Anybody = Annotated[Visit, Depends(_anybody)]


@router.get("", openapi_extra=_REPORT)
async def ask_what(visit: Anybody) -> HTMLResponse:
    """The form. Whoever is in danger comes first."""
    return _form(await _emergency(visit), visit, _EMPTY | {"code": new_code()}, "")


@router.post("", openapi_extra=_REPORT)
async def report(form: AnyForm, visit: Anybody) -> HTMLResponse:
    """Keep it, and show the code, once."""
    said = {name: form.get(name, "").strip() for name in (*_EMPTY, "code")}
    emergency = await _emergency(visit)
    filled = {name: value for name, value in said.items() if name != "code"}
    try:
        asked = bodies.OutsideForm.model_validate(filled | {"good_faith": "good_faith" in form})
    except ValidationError as error:
        return _form(emergency, visit, said, _wrong(error), _UNPROCESSABLE)
    await visit.ask.parts.limits.count("outside", visit.ask.address_key)
    sent = await visit.ask.do(
        "outside.report", lambda work: outside.report(work, asked, said["code"])
    )
    return _page("report_sent.html", visit, sent=sent, kind=asked.kind, emergency=emergency)


@router.get("/status", openapi_extra=_STATUS)
async def ask_code(visit: Anybody) -> HTMLResponse:
    """The form for a code. It stands in no address, so it stays in no history and no log."""
    return _page("report_code.html", visit, wrong="")


@router.post("/status", openapi_extra=_STATUS)
async def status(form: AnyForm, visit: Anybody) -> HTMLResponse:
    """What came of it."""
    code = form.get("code", "").strip()
    try:
        shown = await _look(visit, code)
    except NotFound:
        return _page("report_code.html", visit, _UNPROCESSABLE, wrong=_say()["no_such_code"])
    return _page("report_status.html", visit, shown=shown, code=code)


@router.post("/complain", openapi_extra=_STATUS)
async def complain(form: AnyForm, visit: Anybody) -> HTMLResponse:
    """Whoever made the report says that it was not treated as it should be."""
    code, words = form.get("code", "").strip(), form.get("words", "").strip()
    if not 0 < len(words) <= TEXT_LIMIT or "\x00" in words:
        raise BadFrame(_say()["wrong_words"])
    try:
        await _look(visit, code)
    except NotFound:
        return _page("report_code.html", visit, _UNPROCESSABLE, wrong=_say()["no_such_code"])
    await visit.ask.parts.limits.count("outside", visit.ask.address_key)
    await visit.ask.do("outside.status", lambda work: outside.complain(work, code, words))
    return _page("report_status.html", visit, shown=await _look(visit, code), code=code)


async def _look(visit: Visit, code: str) -> outside.Shown:
    """Counted, so that nobody tries codes out. Raises NotFound, TooFast."""
    await visit.ask.parts.limits.count("outside_look", visit.ask.address_key)
    return await visit.ask.read("outside.status", lambda work: outside.status(work, code))


async def _emergency(visit: Visit) -> Sequence[str]:
    """Whom to call first, in this place's country."""
    shown, _ = await visit.ask.parts.database.read(
        lambda work: help.crisis(work, visit.ask.actor, None)
    )
    return shown.emergency


def _form(
    emergency: Sequence[str], visit: Visit, said: Mapping[str, str], wrong: str, status: int = 200
) -> HTMLResponse:
    return _page(
        "report.html", visit, status, said=said, wrong=wrong, kinds=take_down.KINDS,
        emergency=emergency,
    )  # fmt: skip


def _page(template: str, visit: Visit, status: int = 200, **shown: Any) -> HTMLResponse:
    return page(template, status, visit=visit, words=_say(), **shown)


def _say() -> Mapping[str, str]:
    return _WORDS[speaking.get()]


def _wrong(error: ValidationError) -> str:
    """What to mend first, in words; never what was sent."""
    fields = {str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]}
    first = next((name for name in (*_EMPTY, "good_faith") if name in fields), "words")
    return _say()[f"wrong_{first}"]
