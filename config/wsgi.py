import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from people.wire import with_readable_type

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = with_readable_type(get_wsgi_application())

if settings.EMBEDDED:
    from post.work import start_sweepers

    start_sweepers()
