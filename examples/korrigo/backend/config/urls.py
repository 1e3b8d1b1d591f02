from django.contrib import admin
from django.urls import include, path

from accounts.session import session
from core import health
from exams.media import media

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/health/live/", health.live),
    path("api/health/ready/", health.ready),
    path("api/version/", health.version),
    path("api/session/", session),
    path("api/", include("exams.urls")),
    path("media/<path:name>", media),
]

handler404 = "core.answers.not_found"
handler500 = "core.answers.server_error"
