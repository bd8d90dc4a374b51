"""Sample data for the page that shows every component in every state (demo mode only)."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evidence.models import GiverRole
from people.drafts import OtherDraft
from people.fields import DayField
from portfolio.coverage import draw, draw_lines
from portfolio.evidence_set import (
    NOTED,
    WRITTEN,
    CoreTaskFact,
    EvidenceSet,
    FeedbackFact,
    Frame,
    GuidelineFact,
    LaidFact,
    PeriodFact,
    PersonFact,
    PieceFact,
    RemarkFact,
    RequirementFact,
    WorkProcessFact,
)
from post.models import OutboxMail
from post.undoing import UndoTime

REQUIREMENTS = (
    _("Agrees with the client what will be made, and by when"),
    _("Tests the work before handing it over"),
    _("Explains choices to people who are not developers"),
)
FOLLOWED = _(
    "She asked me first what I wanted to see, and only then opened her laptop. "
    "I could follow everything."
)
EARLIER = _("Good tests. Next time, tell me earlier that you are stuck.")


class SampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(
        label=_("What did you do or make?"), help_text=_("One line is enough."), max_length=120
    )
    happened_on = DayField(label=_("When?"))
    place = forms.ChoiceField(
        label=_("Where?"),
        choices=[("", _("Choose")), ("work", _("At work")), ("school", _("At school"))],
    )
    reflection = forms.CharField(
        label=_("What did you learn from it?"), required=False, widget=forms.Textarea
    )
    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[("ACT", _("Something I did")), ("PRODUCT", _("Something I made"))],
        widget=forms.RadioSelect(attrs={"class": "across"}),
    )
    requirements = forms.MultipleChoiceField(
        label=_("Which of these did you see?"),
        help_text=_("Tap what you saw yourself; leave the rest."),
        choices=[(str(number), text) for number, text in enumerate(REQUIREMENTS, start=1)],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "framed"}),
    )
    file = forms.FileField(label=_("Photo or file"), required=False)
    confirmed = forms.BooleanField(label=_("I was there myself"), required=False)


def sample_set() -> EvidenceSet:
    """A rich requirement, one with a noted remark and an unanswered piece, and one with nothing."""
    lines = ("rich", "noted", "empty")
    processes = (
        WorkProcessFact("plan", "B1-K1-W1", str(_("Plans the work")), lines[:2]),
        WorkProcessFact("hand-over", "B1-K1-W2", str(_("Hands the work over")), lines[2:]),
    )
    first = timezone.localdate() - timedelta(days=360)
    starts = [first + timedelta(days=90 * number) for number in range(4)]
    frame = Frame(
        student="noor",
        programme="Software developer",
        framework="mbo",
        unit="",
        parts=(),
        core_tasks=(CoreTaskFact("make", "B1-K1", str(_("Makes software")), processes),),
        requirements=tuple(
            RequirementFact(line, str(text), str(text))
            for line, text in zip(lines, REQUIREMENTS, strict=True)
        ),
        periods=tuple(
            PeriodFact(f"P{number}", day, day + timedelta(days=89))
            for number, day in enumerate(starts, start=1)
        ),
        guidelines=(GuidelineFact("plan", 2, 1, 1), GuidelineFact("hand-over", 1, 1, 1)),
    )

    def piece(key: str, title: str, period: int, *laid: str) -> PieceFact:
        facts = tuple(LaidFact(text, "") for text in laid)
        return PieceFact(key, 1, title, "product", starts[period], "", "here", "", "", facts, ())

    def said(giver: str, role: str, standing: str, on: str, text: str) -> FeedbackFact:
        remarks = (RemarkFact(text, (on,) if on else (), not on),)
        moment = timezone.now()
        day = starts[1]
        return FeedbackFact(giver, "shown", 1, giver, role, standing, day, moment, "", remarks)

    followed, earlier = str(FOLLOWED), str(EARLIER)
    return EvidenceSet(
        frame,
        pieces=(
            piece("shown", str(_("The first version, shown")), 1, "rich", "noted"),
            piece("tests", str(_("Tests of the first version")), 2, "rich"),
        ),
        feedback=(
            said("fatima", "client", WRITTEN, "rich", followed),
            said("hanneke", "teacher", WRITTEN, "rich", followed),
            said("joris", "supervisor", NOTED, "noted", earlier),
            said("fatima", "client", WRITTEN, "", followed),
        ),
        people=(
            PersonFact("fatima", "Fatima el Amrani"),
            PersonFact("joris", "Joris de Wit"),
            PersonFact("hanneke", "Hanneke Visser"),
        ),
    )


def gallery_context() -> dict[str, Any]:
    """What `demo/gallery.html` shows: no rows, no queries."""
    evidence_set = sample_set()
    return {
        "coverage": draw(evidence_set),
        "coverage_lines": draw_lines(evidence_set),
        "form": SampleForm(auto_id="empty_%s"),
        "wrong_form": SampleForm(
            {"title": "", "kind": "ACT", "requirements": ["2"], "happened_on": ""},
            auto_id="wrong_%s",
        ),
        "draft": {
            "address": "#forms",
            "found": {"changed_at": timezone.now()},
            "place": "gallery",
            "mark": "",
            "others": [OtherDraft(timezone.now(), str(REQUIREMENTS[1]), "#forms")],
            "fields": {"place": ["work"]},
            "words": [REQUIREMENTS[2]],
        },
        "undo": UndoTime(timezone.now() + timedelta(minutes=10), 600),
        "button_kinds": ["", "primary", "danger", "quiet"],
        "tag_kinds": ["", "strong", "accent", "dashed"],
        "troubles": {"joris": OutboxMail(trouble=OutboxMail.Trouble.NO_MAILBOX)},
        "levels": ["success", "info", "warning", "error"],
        "lights": ["green", "amber", "red"],
        "roles": list(GiverRole),
        "rows": list(zip(("B1-K1-W1", "B1-K1-W2"), REQUIREMENTS, (4, 1), strict=False)),
        "steps": [
            (_("Set frozen"), "done"),
            (_("Members judge"), "now"),
            (_("Meeting"), "next"),
            (_("Decision"), "next"),
        ],
        "page": Paginator(range(3), per_page=1).page(2),
    }
