"""The broker (Redis): it hurries work along and nothing else. Whether it answers, refuses or hangs,
nobody waits for it longer than a moment, and no act fails by it."""

import logging
import threading
import time

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import KombuError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

PATIENCE = 0.5  # seconds for a connection, and for each answer
REST = 15.0  # seconds for which nobody asks again after it did not answer
IMPATIENT = {
    "socket_connect_timeout": PATIENCE,
    "socket_timeout": PATIENCE,
    "max_retries": 0,
    "connect_retries_timeout": PATIENCE,
}
FAULTS = (KombuError, redis.RedisError, OSError)


class Breaker:
    """Keeps this process from asking again and again what does not answer: after a fault nobody
    asks for a while, then one does, and the others wait for what comes of it."""

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        """Tell whether the caller may ask; who may, says `answered` or `failed` afterwards."""
        with self._lock:
            now = time.monotonic()
            if now < self._closed_until:
                return False
            if self._closed_until:
                self._closed_until = now + self._rest
            return True

    def answered(self) -> None:
        with self._lock:
            self._closed_until = 0.0

    def failed(self) -> None:
        with self._lock:
            self._closed_until = time.monotonic() + self._rest


breaker = Breaker()


def send(task: str, *args: str) -> bool:
    """Hand a task to a worker; returns whether the broker took it. Takes 2 s at most, and no time
    while the broker rests. Raises nothing: what a worker is not told, the sweep finds."""
    if not breaker.lets_through():
        return False
    try:
        # A connection of its own: one that was kept may be of a broker that has gone since.
        with current_app.connection_for_write(transport_options=IMPATIENT) as connection:
            current_app.send_task(task, args=args, connection=connection, retry=False)
    except FAULTS as fault:
        breaker.failed()
        logger.warning("the broker did not take %s (%s)", task, fault)
        return False
    breaker.answered()
    return True


def answers() -> bool:
    """Ask the broker whether it is there. Takes 2 s at most."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client:
            return bool(client.ping())
    except FAULTS:
        return False
