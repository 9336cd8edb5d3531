"""Signing in with a browser: a key is taken once and answered with a session cookie."""

from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED
from platform_assets.clock import wall_now
from platform_assets.console.pages import render
from platform_assets.console.parts import console_of
from platform_assets.console.sessions import COOKIE, LASTS, Credential
from platform_assets.errors import BodyTooLargeError
from platform_assets.serving.access import Asker
from platform_assets.serving.request_ids import request_id_of

_MOST_BYTES = 16_384  # a token of an issuer is a few thousand
_REFUSED = "This is not accepted: the key is unknown, has expired or was revoked."


async def ask_sign_in(request: Request) -> Response:
    """Show the form."""
    return render(request, "sign_in.html", {"problem": None, "next": own_page(request.query_params.get("next", "/"))})


async def sign_in(request: Request) -> Response:
    """Begin a session for a key that proves somebody; what is refused is told to the access log."""
    console, form = console_of(request), await _form(request)
    place = own_page(form.get("next", "/"))
    text, purpose = form.get("key", "").strip(), form.get("purpose", "").strip()
    credential = Credential(f"Bearer {text}".encode(), purpose.encode())
    caller = console.access.recognise(*credential)
    if not caller.is_proven or caller.problem is not None:
        asker = Asker(console.access, caller, request_id_of(request.scope))
        asked = Asked("/sign-in", UNVERSIONED, None)
        asker.refused(asked, console.access.decide(caller, asked))
        problem = f"{caller.problem}: fill in a purpose of the key." if caller.is_proven else _REFUSED
        return render(request, "sign_in.html", {"problem": problem, "next": place}, status=401)
    response = RedirectResponse(place, status_code=303)
    response.set_cookie(
        COOKIE,
        console.sessions.begin(credential, wall_now()),
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


async def sign_out(request: Request) -> Response:
    """End the session."""
    console_of(request).sessions.end(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def own_page(place: str) -> str:
    """Return a path of this console to go on to, never another site."""
    is_own = place.startswith("/") and not place.startswith("//") and "\\" not in place and place.isprintable()
    return place if is_own else "/"


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                raise BodyTooLargeError(limit_bytes=_MOST_BYTES)
    except ClientDisconnect:
        return {}
    told = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10, errors="replace")
    return {name: values[-1] for name, values in told.items()}
