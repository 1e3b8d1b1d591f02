"""Cross-site protection for the JSON API, for browsers and scripts alike."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt


def same_origin(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuses a write that a page of another site makes a browser send.

    Browsers say where a request comes from (Sec-Fetch-Site, and Origin with every write) and pages cannot forge it, so
    no token is needed; a script sends neither header and carries nobody's cookies. The admin keeps Django's tokens.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "OPTIONS"} and is_cross_site(request):
            return JsonResponse({"errors": {"origin": ["This request comes from another site."]}}, status=403)
        return view(request, *args, **kwargs)

    return guarded


def is_cross_site(request: HttpRequest) -> bool:
    # Browsers leave Sec-Fetch-Site out on plain http, Origin never.
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.get_host()
