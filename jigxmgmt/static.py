"""Static files, under names that change with their content where they were collected."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Falls back to a file's own name, so that a server which was started bare has its pages."""

    def stored_name(self, name: str) -> str:
        try:
            stored: str = super().stored_name(name)
        except ValueError:  # not collected
            return name
        return stored
