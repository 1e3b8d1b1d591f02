from django.contrib import admin

from accounts.models import Token


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """To see which there are, and to delete them. `manage.py token` makes one: it shows the text, once."""

    list_display = ["user", "name", "can_write", "created_at", "expires_at"]
    readonly_fields = ["user", "name", "created_at"]

    def has_add_permission(self, request) -> bool:
        return False
