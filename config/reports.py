"""Faults told to a sink of the school's that speaks as Sentry does, where one is named: which kind,
where in the code, at which view and in which request. Nothing of what was sent, shown or kept goes
with it."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.logs import ANSWERED, is_outage, request_id

KEPT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "sdk")
KEPT_OF_A_FRAME = ("filename", "abs_path", "module", "function", "lineno", "in_app")


def start(dsn: str, release: str) -> None:
    """Tell of faults from now on. Raises ImproperlyConfigured without the library."""
    try:
        import sentry_sdk
    except ImportError as fault:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set: install requirements-reports.txt as well."
        ) from fault
    sentry_sdk.init(
        dsn,
        release=release,
        before_send=only_the_fault,
        max_breadcrumbs=0,
        max_request_body_size="never",
        include_local_variables=False,
        include_source_context=False,
        send_default_pii=False,
        send_client_reports=False,
        auto_session_tracking=False,
        server_name="",
    )


def only_the_fault(event: Any, hint: Any) -> Any:
    """Make the report anew from what may be told; None where there is nothing to tell."""
    fault = (hint.get("exc_info") or (None, None))[1]
    if fault is not None and (isinstance(fault, ANSWERED) or is_outage(fault)):
        return None
    told = {name: event[name] for name in KEPT if name in event}
    told["tags"] = {"request_id": request_id.get()}
    if "/" in event.get("transaction", ""):  # the pattern of a view's address, without its values
        told["transaction"] = event["transaction"]
    if "logentry" in event:  # its words were cleaned when it was written
        told["logentry"] = {"message": event["logentry"].get("message", "")}
    if "exception" in event:
        told["exception"] = {"values": list(map(_only_its_kind, event["exception"]["values"]))}
    return told


def _only_its_kind(fault: Any) -> dict[str, Any]:
    frames = (fault.get("stacktrace") or {}).get("frames", [])
    return {
        "type": fault.get("type"),
        "module": fault.get("module"),
        "value": "",
        "mechanism": {"type": "generic", "handled": (fault.get("mechanism") or {}).get("handled")},
        "stacktrace": {
            "frames": [
                {name: frame[name] for name in KEPT_OF_A_FRAME if name in frame} for frame in frames
            ]
        },
    }
