"""Routes behind their rules: nothing of a handler runs before its caller is allowed."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED, VERSIONED, facility
from platform_assets.errors import UnguardedRouteError
from platform_assets.serving.access import Asker, asked_of, caller_of, keep_asked, plain_product
from platform_assets.serving.gate.rules import RULES, OfPlatform, OfProduct, Rule
from platform_assets.serving.open_inference.problems import Handler, with_error_member
from platform_assets.serving.parts import Parts
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.traffic.output_versions import named_version

_INFERENCE = "/v2"
_REST = "/v2/{rest:path}"  # every other path below: nothing is told there


def guard_routes(routes: Iterable[Route], parts: Parts) -> list[Route]:
    """Return the routes behind their rules; raises UnguardedRouteError for one that has none."""
    return [_guarded(route, parts) for route in routes]


def rule_of(route: Route) -> Rule:
    """Return the rule of a route; raises UnguardedRouteError."""
    if route.path == _REST:
        return "decided_inside"
    methods = (route.methods or set()) - {"HEAD"}  # HEAD is GET without a body
    rules = {RULES.get((method, route.path)) for method in methods}
    rule = rules.pop() if len(rules) == 1 else None
    if rule is None:
        raise UnguardedRouteError(method=", ".join(sorted(methods)), path=route.path)
    return rule


def _guarded(route: Route, parts: Parts) -> Route:
    rule = rule_of(route)
    if isinstance(rule, str):
        return route
    handler = _behind(rule, route.endpoint, parts)
    if route.path.startswith(_INFERENCE):
        handler = with_error_member(handler)
    methods = sorted(route.methods or ())
    return Route(route.path, handler, methods=methods, include_in_schema=route.include_in_schema)


def _behind(rule: OfProduct | OfPlatform, handler: Handler, parts: Parts) -> Handler:
    async def answer(request: Request) -> Response:
        asker = asker_of(request, parts)
        asked = _asked(rule, request, parts)
        if isinstance(rule, OfProduct) and rule.is_told_later:
            asker.permit(asked)
        else:
            asker.require(asked)
        keep_asked(request.scope, asked)
        return await handler(request)

    return answer


def asker_of(request: Request, parts: Parts) -> Asker:
    """Return the caller of a request in front of what decides."""
    return Asker(parts.heart.access, caller_of(request.scope), request_id_of(request.scope))


def _asked(rule: OfProduct | OfPlatform, request: Request, parts: Parts) -> Asked:
    if isinstance(rule, OfPlatform):
        return Asked(facility(rule.facility), UNVERSIONED, rule.action)
    product, version = request.path_params[rule.parameter], None
    if rule.resource in VERSIONED:
        named = named_version(request.scope["headers"])
        version = named or parts.version_of(product, rule.resource, of_file=rule.is_of_file)
    return asked_of(plain_product(product), rule.resource, UNVERSIONED if version is None else version, rule.action)
