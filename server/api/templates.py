"""Words to start from over HTTP, and what else a steward does for the desk: removals, wrong rules."""

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import desk
from server.protocol.base import Storable
from server.services import removals, templates, wrong_rules

router = APIRouter(prefix="/api", tags=["desk"])

_TEMPLATES = {"x-access": "steward.templates"}
Language = Annotated[str, Query(pattern=r"^[a-z]{2,3}$")]


@router.get(
    "/templates", operation_id="templates_read", openapi_extra={"x-access": "template.read"}
)
async def read_templates(ask: Ask, language: Language = "en") -> desk.Templates:
    """Words to start from."""
    return await ask.read(
        "template.read", lambda work: templates.read_templates(work, ask.actor, language)
    )


@router.get("/steward/templates", operation_id="steward_templates_list", openapi_extra=_TEMPLATES)
async def list_templates(ask: Ask, language: Language = "en") -> desk.Templates:
    """All of them, the hidden ones too."""
    return await ask.read(
        "steward.templates", lambda work: templates.list_templates(work, ask.actor, language)
    )


@router.post(
    "/steward/templates",
    status_code=201,
    operation_id="steward_templates_add",
    openapi_extra=_TEMPLATES,
)
async def add_template(new: desk.NewTemplate, ask: Ask) -> desk.Template:
    """The steward's own words."""
    return await ask.do(
        "steward.templates", lambda work: templates.add_template(work, ask.actor, new)
    )


@router.patch(
    "/steward/templates/{template_id}",
    operation_id="steward_templates_change",
    openapi_extra=_TEMPLATES,
)
async def change_template(
    template_id: Storable, patch: desk.TemplatePatch, ask: Ask
) -> desk.Template:
    """Other words, hidden or shown, or as it came."""
    return await ask.do(
        "steward.templates",
        lambda work: templates.change_template(work, ask.actor, template_id, patch),
    )


@router.get(
    "/steward/removals",
    operation_id="steward_removals_list",
    openapi_extra={"x-access": "steward.removals"},
)
async def list_removals(ask: Ask) -> desk.AskedRemovals:
    """Members whom somebody asks to leave the place."""
    return await ask.read("steward.removals", lambda work: removals.list_asked(work, ask.actor))


@router.get(
    "/steward/wrong-rules",
    operation_id="steward_wrong_rules",
    openapi_extra={"x-access": "steward.wrong_rules"},
)
async def count_wrong_rules(ask: Ask) -> desk.WrongRuleCounts:
    """Rules that people called wrong, by rule and model."""
    return await ask.read("steward.wrong_rules", lambda work: wrong_rules.count(work, ask.actor))
