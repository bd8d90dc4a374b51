from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation


class Command(BaseCommand):
    help = "Draw docs/workflows.md from the transition tables; --check says whether it still fits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *_: Any, check: bool, **__: Any) -> None:
        path = settings.BASE_DIR / "docs" / "workflows.md"
        with translation.override("en"):
            drawn = draw()
        if not check:
            path.write_text(drawn, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != drawn:
            raise CommandError("docs/workflows.md is behind: run manage.py workflow_pictures.")


def draw() -> str:
    """The page with a state diagram for each model that has a transition table."""
    parts = [
        "# Workflows",
        "",
        "Drawn by `manage.py workflow_pictures` from the tables in the code; do not edit.",
    ]
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        transitions = getattr(model, "TRANSITIONS", None)
        if transitions is None:
            continue
        states = list(transitions)
        parts += ["", f"## {model._meta.object_name}", "", "```mermaid", "stateDiagram-v2"]
        parts += [f"    {state.value}: {state.label}" for state in states]
        parts.append(f"    [*] --> {states[0].value}")
        parts += [
            f"    {state.value} --> {then.value}" if then else f"    {state.value} --> [*]"
            for state in states
            for then in (transitions[state] or [None])
        ]
        parts.append("```")
    return "\n".join([*parts, ""])
