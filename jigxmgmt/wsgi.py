"""The web's door for WSGI tools; calls need the ASGI one."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jigxmgmt.settings")

application = get_wsgi_application()
