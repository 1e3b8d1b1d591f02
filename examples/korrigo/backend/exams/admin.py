from django.contrib import admin

from exams.models import Copy, Exam, Grade
from exams.tasks import enqueue


@admin.register(Exam)
class ExamAdmin(admin.ModelAdmin):
    list_display = ["title", "date"]
    filter_horizontal = ["teachers"]


class GradeInline(admin.TabularInline):
    model = Grade
    extra = 1


@admin.register(Copy)
class CopyAdmin(admin.ModelAdmin):
    list_display = ["student", "exam", "status", "pages", "uploaded_at"]
    list_filter = ["status", "exam"]
    readonly_fields = ["status", "pages", "size", "checksum", "error", "queued_at", "processed_at"]
    inlines = [GradeInline]
    actions = ["process_again"]

    @admin.action(description="Process again")
    def process_again(self, request, copies) -> None:
        for copy in copies:
            enqueue(copy)

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        if "file" in form.changed_data:
            enqueue(obj)
