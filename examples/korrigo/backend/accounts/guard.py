"""Who may ask the API: somebody with a session, or a program with a token. Whose exam it is, is for the views."""

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
    """With a session Django's protection against other sites applies; a browser never sends a token by itself."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if "Authorization" in request.headers and not use_token(request):
            audit(request, "token.refused")
            return unauthorized("This token is not valid, or no longer.")
        if not request.user.is_authenticated:
            return unauthorized("Please sign in.")
        if seconds := throttle.wait(f"api:{request.user.pk}", settings.API_REQUESTS_PER_MINUTE, 60):
            return problem(429, "Too many requests. Please wait a moment.", seconds)
        if request.token and not request.token.can_write and request.method not in SAFE:
            return problem(403, "This token may only read.")
        response = (view if request.token else protected)(request, *args, **kwargs)
        # Names and grades stay in nobody's cache.
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
    """The admin's login too."""
    is_busy = isinstance(exception, Busy)
    return problem(429, "Many are signing in at the moment. Please try again.", 2) if is_busy else None


def use_token(request: HttpRequest) -> bool:
    """Takes the request for its token's user, whoever has a session. Whether there is such a token."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = Token.objects.valid(text.strip()) if scheme.lower() == "bearer" else None
    if token is not None:
        request.user, request.token = token.user, token
    return token is not None


def unauthorized(message: str) -> HttpResponse:
    answer = problem(401, message)
    answer["WWW-Authenticate"] = 'Bearer realm="korrigo"'
    return answer
