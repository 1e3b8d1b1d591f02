"""Who may see a file, and how it is sent: the application decides, nginx does the work."""

from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from exams.models import Copy


@require_safe
def media(request: HttpRequest, name: str) -> HttpResponseBase:
    """Only files that a copy names. With MEDIA_ACCESS=public nginx keeps what is sent here, see infra/nginx/routes.conf."""
    copy = get_object_or_404(Copy, file=name)
    if settings.MEDIA_ACCESS == "staff" and not request.user.is_staff:
        return to_login(request)
    if settings.MEDIA_ACCESS == "public":
        return sent_by_us(copy, "public, max-age=2592000, immutable")
    if settings.DEBUG:  # there is no nginx then
        return sent_by_us(copy, "private, no-cache")
    response = HttpResponse(content_type="application/pdf")
    response["X-Accel-Redirect"] = f"/protected-media/{quote(name)}"
    response["Cache-Control"] = "private, no-cache"
    return response


def to_login(request: HttpRequest) -> HttpResponse:
    """For a person in a browser, who comes back here from there. Raises PermissionDenied for programs."""
    if "text/html" not in request.headers.get("Accept", ""):
        raise PermissionDenied
    response = redirect_to_login(request.get_full_path(), reverse("admin:login"))
    response["Cache-Control"] = "private, no-cache"
    return response


def sent_by_us(copy: Copy, cache_control: str) -> FileResponse:
    try:
        file = default_storage.open(copy.file.name)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, content_type="application/pdf", headers={"Cache-Control": cache_control})
