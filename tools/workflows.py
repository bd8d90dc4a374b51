"""Draw docs/workflows.md from the transition tables in the code.

python -m tools.workflows           draw it anew
python -m tools.workflows --check   exit 1 where the page is behind the code
"""

import sys

import django
from django.apps import apps
from django.conf import settings
from django.utils import translation


def main() -> None:
    django.setup()
    page = settings.BASE_DIR / "docs" / "workflows.md"
    with translation.override("en"):
        drawn = draw()
    if "--check" not in sys.argv[1:]:
        page.write_text(drawn, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != drawn:
        sys.exit("docs/workflows.md is behind: run python -m tools.workflows.")


def draw() -> str:
    """The page with a state diagram for each model that has a transition table."""
    parts = [
        "# Workflows",
        "",
        "Drawn by `python -m tools.workflows` from the tables in the code; do not edit.",
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


if __name__ == "__main__":
    main()
