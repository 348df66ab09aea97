"""Everything the admin pages can do, programs can do too, or it says here why not. A new page without a row fails."""

from __future__ import annotations

from starlette.routing import Route

from app.reports.api_commands import SCOPES, WITHOUT, CommandApi
from app.routes import url_map
from tests.support.product import Product

OF = "/admin/webinars/{webinar}"
OWN = "It is about the person who is signed in: a key is no person."
SHOWN = "It only draws a page."
BY_A_PERSON = "A person decides this, with the name typed back."


DEEDS: dict[str, tuple[str, ...] | str] = {
    "/admin/webinars/new": ("makeWebinar",),
    f"{OF}/edit": ("changeWebinar",),
    f"{OF}/publish": ("changeWebinar",),
    f"{OF}/cancel": ("changeWebinar",),
    f"{OF}/duplicate": ("duplicateWebinar",),
    f"{OF}/states/{{state}}": ("setStatePicture", "removeStatePicture", "runCommand"),
    f"{OF}/erase": ("eraseWebinar", "eraseParticipants"),
    f"{OF}/people/erase": ("eraseParticipants",),
    f"{OF}/registration": ("changeForm",),
    f"{OF}/form/order": ("changeForm",),
    f"{OF}/form/preview": SHOWN,
    f"{OF}/form/{{field}}": ("changeForm",),
    f"{OF}/form/{{field}}/{{step}}": ("changeForm",),
    f"{OF}/registrants/new": ("upsertRegistrant",),
    f"{OF}/registrants/act": ("moveRegistrant", "mailRegistrants", "changeMarks", "eraseParticipants"),
    f"{OF}/registrants/{{person}}": ("correctRegistrant",),
    f"{OF}/registrants/{{person}}/{{step}}": ("moveRegistrant", "renewLink", "changeMarks"),
    f"{OF}/registrants/import": ("upsertRegistrant",),
    f"{OF}/registrants/import/{{file}}": ("upsertRegistrant",),
    f"{OF}/invitations": ("addInvitees",),
    f"{OF}/invitations/{{step}}": ("sendInvitations", "removeInvitees"),
    f"{OF}/mails/{{kind}}/{{lang}}": ("changeMail",),
    f"{OF}/mails/{{kind}}/{{lang}}/preview": ("previewMail",),
    f"{OF}/mails/{{kind}}/{{lang}}/test": ("testMail",),
    f"{OF}/consent/setup": ("setUpConsents",),
    f"{OF}/consent/items/new": ("makeConsentItem",),
    f"{OF}/consent/items/{{item}}": ("changeConsentItem",),
    f"{OF}/consent/items/{{item}}/{{step}}": ("moveConsentItem", "dropConsentItem"),
    f"{OF}/notice/{{lang}}": ("writeNotice",),
    f"{OF}/recordings/{{recording}}": ("changeRecording",),
    f"{OF}/recordings/{{recording}}/delete": ("deleteRecording",),
    f"{OF}/recordings/{{recording}}/captions": ("putCaptions", "removeCaptions"),
    f"{OF}/plays": ("choosePlays",),
    f"{OF}/videos": ("beginVideo",),
    f"{OF}/videos/{{video}}": ("finishVideo",),
    f"{OF}/videos/{{video}}/drop": ("dropVideo",),
    f"{OF}/languages": ("addLanguage",),
    f"{OF}/languages/{{language}}": ("removeLanguage", "renewLanguage"),
    f"{OF}/embed": ("changeEmbed",),
    f"{OF}/exports": ("makeExport", "downloadExport"),
    f"{OF}/exports/chosen": ("listRegistrants",),
    f"{OF}/exports/{{export}}/file": ("downloadExport",),
    f"{OF}/exports/{{export}}/drop": ("dropExport",),
    "/admin/privacy/requests/{request}": ("answerRequest",),
    "/admin/privacy/agreement/objection": ("objectToProcessors",),
    "/admin/privacy/agreement": "An owner accepts a contract after reading it; a key cannot read. `readAgreement` says how it stands.",
    "/admin/integrations/webhooks/new": ("makeWebhook",),
    "/admin/integrations/webhooks/{endpoint}": (
        "testWebhook",
        "rotateWebhook",
        "switchWebhook",
        "replayDelivery",
        "replayDeadDeliveries",
        "removeWebhook",
    ),
    "/admin/integrations/webhooks/{endpoint}/edit": ("changeWebhook",),
    "/admin/integrations/keys": "A key that makes keys would outlive its own end.",
    "/admin/integrations/keys/{key}/withdraw": "The same: only people decide which programs come in.",
    "/admin/team": ("inviteMember",),
    "/admin/team/{staff}": ("changeMember", "removeMember"),
    "/admin/settings": ("changeAccount",),
    "/admin/settings/archive": "What is imported becomes part of the account for good; an owner looks at it first, on the page.",
    "/admin/account": BY_A_PERSON,
    "/admin/account/keep": BY_A_PERSON,
    "/admin/account/export": ("makeArchive",),
    "/admin/me": OWN,
    "/admin/me/password": OWN,
    "/admin/me/sessions": OWN,
    "/admin/me/second-factor": OWN,
    "/w/{slug}/handouts": ("addHandout",),
    "/w/{slug}/links": ("renewLinks",),
}
"""Address that takes a form of the staff → operations of the API that do the same, or why there is none."""

SEEN: dict[str, str] = {
    "/admin": "listWebinars",
    OF: "readWebinar",
    f"{OF}/statistics": "readStatistics",
    f"{OF}/statistics.csv": "readStatistics",
    f"{OF}/videos/{{video}}/{{part:int}}": "sendVideoPart",
    f"{OF}/recordings": "listRecordings",
    f"{OF}/recordings/{{recording}}/download": "downloadRecording",
    f"{OF}/captions": "readCaptionLinks",
    f"{OF}/consent": "readConsents",
    f"{OF}/mails": "listMails",
    f"{OF}/exports/{{export}}/progress": "readExport",
    f"{OF}/form": "readForm",
    f"{OF}/people": "listConsentRecords",
    f"{OF}/people/export": "readPersonData",
    f"{OF}/register": "readWebinarRegister",
    f"{OF}/register.{{kind}}": "readWebinarRegister",
    f"{OF}/registrants": "listRegistrants",
    f"{OF}/registrants/{{person}}/edit": "readRegistrant",
    f"{OF}/registrants/{{person}}/files/{{field}}": "downloadAnswerFile",
    "/admin/privacy": "readRegister",
    "/admin/privacy/register.{kind}": "readRegister",
    "/admin/privacy/certificates/{erasure}": "readErasure",
    "/admin/privacy/erasures/{erasure}": "readErasure",
    "/admin/privacy/breaches": "listBreaches",
    "/admin/privacy/breaches/{breach}": "listBreaches",
    "/admin/privacy/agreement.md": "readAgreement",
    "/admin/privacy/requests": "listRequests",
    "/admin/audit": "listAudit",
    "/admin/account/export.zip": "downloadArchive",
    "/admin/integrations": "listWebhooks",
    "/admin/me/second-factor.svg": OWN,
}
"""Address that only shows → operation that answers the same, or why there is none."""


def staff_routes(product: Product) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in url_map(product.parts):
        if isinstance(route, Route) and (
            route.path.startswith("/admin") or route.path in ("/w/{slug}/handouts", "/w/{slug}/links")
        ):
            found.setdefault(route.path, set()).update(route.methods or ())
    return found


async def test_every_deed_of_the_pages_is_an_operation_or_says_why_it_is_none(product: Product) -> None:
    routes = staff_routes(product)
    operations = {
        endpoint.name
        for feature in product.parts.features
        for endpoint in getattr(feature, "endpoints", ())
        if not callable(endpoint)
    }
    posts = {path for path, methods in routes.items() if "POST" in methods}
    assert posts == set(DEEDS)
    assert set(routes) - posts == set(SEEN)
    named = {name for told in DEEDS.values() if not isinstance(told, str) for name in told}
    named |= {told for told in SEEN.values() if " " not in told}
    assert named <= operations, named - operations
    assert all(len(told) > 15 for told in DEEDS.values() if isinstance(told, str)), "a reason is a sentence"


async def test_every_command_of_the_console_is_given_to_keys_or_says_why_not(product: Product) -> None:
    table = product.parts.table
    given = {str(struct.__struct_config__.tag) for struct in CommandApi(table).needs}
    crew = {str(struct.__struct_config__.tag) for struct, needs in table.needs.items() if needs in SCOPES}
    assert crew - given == set(WITHOUT)
    assert {"broadcast.set", "recording.set", "room.modes", "room.words", "notice.set", "stage.move", "poll.make"} <= given
    assert "chat.say" not in given, "a key writes nothing in anybody's name"
