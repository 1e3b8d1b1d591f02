"""Signing in and out, for the pages: /api/session/."""

import hashlib

from django.conf import settings
from django.contrib.auth import get_user_model, login, logout, signals
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from core import throttle
from core.answers import problem
from core.audit import audit
from core.body import json_body


@require_http_methods(["GET", "POST", "DELETE"])
@never_cache
@csrf_protect
def session(request: HttpRequest) -> JsonResponse:
    """GET returns who is signed in and the CSRF token that every write needs; POST signs in, DELETE signs out."""
    if request.method == "POST":
        return sign_in(request)
    if request.method == "DELETE":
        logout(request)
    return state(request)


def sign_in(request: HttpRequest) -> JsonResponse:
    body = json_body(request)
    # From all addresses together; django-axes counts those from one address.
    name = hashlib.sha256(body.get("username", "").encode()).hexdigest()
    if seconds := throttle.wait(f"login:{name}", settings.LOGINS_PER_HOUR, 3600):
        return problem(429, "Too many attempts with this user name. Please try again later.", seconds)
    form = AuthenticationForm(request, body)
    if not form.is_valid():
        return JsonResponse({"errors": {"login": ["Wrong user name or password."]}}, status=403)
    login(request, form.get_user())
    return state(request)


def state(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"user": user_json(request.user), "csrf": get_token(request)})


def user_json(user: AbstractBaseUser | AnonymousUser) -> dict | None:
    return {"username": user.get_username(), "name": user.get_full_name()} if user.is_authenticated else None


def locked_out(request: HttpRequest, _response: HttpResponse, _credentials: dict) -> HttpResponse:
    """The response that django-axes sends, for the API and the admin alike."""
    audit(request, "session.locked")
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    return problem(429, f"Too many failed attempts. Please try again in {seconds // 60} minutes.", seconds)


def follow() -> None:
    """Also for the admin's login."""
    signals.user_logged_in.connect(lambda request, **_: audit(request, "session.begin"), weak=False)
    signals.user_logged_out.connect(lambda request, **_: audit(request, "session.end"), weak=False)
    signals.user_login_failed.connect(refused, weak=False)


def refused(credentials: dict, request: HttpRequest | None = None, **_: object) -> None:
    if request is not None:
        # Only names that exist: people sometimes type their password there.
        name = credentials.get("username")
        is_known = get_user_model().objects.filter(username=name).exists()
        audit(request, "session.refused", username=name if is_known else None)
