"""Who can use the API: someone with a session, or a program with a token. The views check whose exam it is."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.backend import Busy
from accounts.models import Token
from core import throttle
from core.answers import problem
from core.audit import audit

SAFE = {"GET", "HEAD", "OPTIONS"}


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """With a session, Django's CSRF protection applies; a browser never sends a token by itself."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if "Authorization" in request.headers and not use_token(request):
            audit(request, "token.refused")
            return unauthorized("This token is invalid or has expired.")
        if not request.user.is_authenticated:
            return unauthorized("Please sign in.")
        if seconds := throttle.wait(f"api:{request.user.pk}", settings.API_REQUESTS_PER_MINUTE, 60):
            return problem(429, "Too many requests. Please wait a moment.", seconds)
        if request.token and not request.token.can_write and request.method not in SAFE:
            return problem(403, "This token is read-only.")
        response = (view if request.token else protected)(request, *args, **kwargs)
        # Names and grades must not be cached anywhere.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def handle(request: HttpRequest) -> HttpResponse:
        request.token = None
        return get_response(request)

    handle.process_exception = process_exception
    return handle


def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Also for the admin's login."""
    is_busy = isinstance(exception, Busy)
    return problem(429, "Many people are signing in right now. Please try again.", 2) if is_busy else None


def use_token(request: HttpRequest) -> bool:
    """Makes the token's user the user of the request, even if there is a session. Returns whether the token is valid."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = Token.objects.valid(text.strip()) if scheme.lower() == "bearer" else None
    if token is not None:
        request.user, request.token = token.user, token
    return token is not None


def unauthorized(message: str) -> HttpResponse:
    answer = problem(401, message)
    answer["WWW-Authenticate"] = 'Bearer realm="korrigo"'
    return answer
