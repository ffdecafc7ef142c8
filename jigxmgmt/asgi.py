"""The web's door for any ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jigxmgmt.settings")

_django = get_asgi_application()

from django.conf import settings  # noqa: E402 (after set-up)
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware  # noqa: E402

from functions.api.door import CallDoor  # noqa: E402
from jigxmgmt.bodies import BoundBodies  # noqa: E402

# Only a proxy that the operator named may say who the client is and that it came by https.
application = ProxyHeadersMiddleware(
    BoundBodies(CallDoor(_django), most=settings.MAX_BODY_BYTES),  # type: ignore[arg-type]
    trusted_hosts=settings.TRUSTED_PROXIES,
)
