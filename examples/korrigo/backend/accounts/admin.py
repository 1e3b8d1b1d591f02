from django.contrib import admin

from accounts.models import Token


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """To list and delete tokens. `manage.py token` creates one and shows its text, once."""

    list_display = ["user", "name", "can_write", "created_at", "expires_at"]
    readonly_fields = ["user", "name", "created_at"]

    def has_add_permission(self, request) -> bool:
        return False
