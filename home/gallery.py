"""Sample data for the page that shows every component in every state (demo mode only)."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(
        label=_("What did you do or make?"), help_text=_("One line is enough."), max_length=120
    )
    happened_on = forms.DateField(
        label=_("When?"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
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
        choices=[
            ("1", _("Agrees with the client what will be made, and by when")),
            ("2", _("Tests the work before handing it over")),
            ("3", _("Explains choices to people who are not developers")),
        ],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "framed"}),
    )
    file = forms.FileField(label=_("Photo or file"), required=False)
    confirmed = forms.BooleanField(label=_("I was there myself"), required=False)


def gallery_context() -> dict[str, Any]:
    """What `home/gallery.html` shows: no rows, no queries."""
    counts = [0, 1, 3, 0, 6]
    periods = [
        {
            "label": _("Period %(number)s") % {"number": number},
            "short": f"P{number}",
            "count": count,
            "current": number == len(counts),
        }
        for number, count in enumerate(counts, start=1)
    ]
    roles = ["client", "peer", "supervisor", "teacher", "other"]
    return {
        "form": SampleForm(auto_id="empty_%s"),
        "wrong_form": SampleForm(
            {"title": "", "kind": "ACT", "requirements": ["2"], "happened_on": ""},
            auto_id="wrong_%s",
        ),
        "draft": {
            "address": "#forms",
            "found": {"changed_at": timezone.now()},
            "fields": {"place": ["work"]},
            "words": [_("Explains choices to people who are not developers")],
        },
        "button_kinds": ["", "primary", "danger", "quiet"],
        "tag_kinds": ["", "strong", "accent", "dashed"],
        "levels": ["success", "info", "warning", "error"],
        "lights": ["green", "amber", "red"],
        "roles": roles,
        "periods": periods,
        "rows": [
            {
                "code": "B1-K1-W1",
                "text": _("Agrees with the client what will be made, and by when"),
                "pieces": 4,
                "roles": roles[:4],
                "periods": periods,
            },
            {
                "code": "B1-K1-W2",
                "text": _("Tests the work before handing it over"),
                "pieces": 1,
                "roles": roles[1:2],
                "periods": [{**period, "count": 0} for period in periods],
            },
        ],
        "steps": [
            {"label": _("Set frozen"), "state": "done"},
            {"label": _("Members judge"), "state": "now"},
            {"label": _("Meeting"), "state": "next"},
            {"label": _("Decision"), "state": "next"},
        ],
        "page": Paginator(range(3), per_page=1).page(2),
        "menu_items": [
            {"url": "#menu", "label": _("Withdraw")},
            {"url": "#menu", "label": _("Ask somebody else")},
        ],
    }
