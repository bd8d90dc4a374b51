from django.urls import path

from committees.views import cases, committees, deciding, meetings, own, record, together

app_name = "committees"
urlpatterns = [
    path("", committees.committee_list, name="list"),
    path("new/", committees.committee_new, name="new"),
    path("new/draft/", committees.committee_new, {"is_draft": True}, name="new_draft"),
    path("mine/", own.mine, name="mine"),
    path("record/", record.record, name="record"),
    path("<uuid:pk>/", committees.committee, name="committee"),
    path("<uuid:pk>/seats/", committees.seat_give, name="seat_give"),
    path("seats/<uuid:pk>/end/", committees.seat_end, name="seat_end"),
    path("<uuid:pk>/meetings/new/", meetings.meeting_plan, name="meeting_plan"),
    path("meetings/<uuid:pk>/", meetings.meeting, name="meeting"),
    path("meetings/<uuid:pk>/agenda/", meetings.agenda, name="agenda"),
    path("meetings/<uuid:pk>/attendance/", meetings.attendance, name="attendance"),
    path("meetings/<uuid:pk>/freeze/", meetings.freeze, name="freeze"),
    path("meetings/<uuid:pk>/open/", meetings.meeting_open, name="meeting_open"),
    path("meetings/<uuid:pk>/judgements/", together.judgements_open, name="judgements_open_all"),
    path("meetings/<uuid:pk>/announce/", together.announce, name="announce_all"),
    path("meetings/<uuid:pk>/close/", meetings.meeting_close, name="meeting_close"),
    path("cases/<uuid:pk>/", cases.dossier, name="case"),
    path("cases/<uuid:pk>/draft/", cases.dossier, {"is_draft": True}, name="judgement_draft"),
    path("cases/<uuid:pk>/files/<uuid:file>/", cases.case_file, name="file"),
    path("cases/<uuid:pk>/recuse/", cases.recuse, name="recuse"),
    path("cases/<uuid:pk>/take-off/", meetings.take_off, name="take_off"),
    path("cases/<uuid:pk>/decide/", deciding.decide, name="decide"),
    path("cases/<uuid:pk>/decide/draft/", deciding.decide, {"is_draft": True}, name="decide_draft"),
    path("cases/<uuid:pk>/open/", deciding.judgements_open, name="judgements_open"),
    path("cases/<uuid:pk>/defer/", deciding.defer, name="defer"),
    path("cases/<uuid:pk>/defer/draft/", deciding.defer, {"is_draft": True}, name="defer_draft"),
    path("cases/<uuid:pk>/announce/", deciding.announce, name="announce"),
    path("cases/<uuid:pk>/mine/", own.my_case, name="my_case"),
    path("cases/<uuid:pk>/letter/", own.letter, name="letter"),
    path("cases/<uuid:pk>/letter/preview/", own.letter_preview, name="letter_preview"),
    path("cases/<uuid:pk>/record/", record.case_record, name="case_record"),
]
