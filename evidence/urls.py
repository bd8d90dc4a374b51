from django.urls import path

from evidence.views import answers, feedback, files, pieces, undoing

app_name = "evidence"
urlpatterns = [
    path("", pieces.evidence_list, name="list"),
    path("add/", pieces.add, name="add"),
    path("add/draft/", pieces.add, {"is_draft": True}, name="add_draft"),
    path("<uuid:pk>/", pieces.detail, name="detail"),
    path("<uuid:pk>/edit/", pieces.edit, name="edit"),
    path("<uuid:pk>/edit/draft/", pieces.edit, {"is_draft": True}, name="edit_draft"),
    path("<uuid:pk>/requirements/", pieces.requirements, name="requirements"),
    path("<uuid:pk>/withdraw/", pieces.withdraw, name="withdraw"),
    path("<uuid:pk>/delete/", pieces.delete, name="delete"),
    path("<uuid:pk>/files/<uuid:attachment>/", files.shown, name="file"),
    path("<uuid:pk>/files/<uuid:attachment>/original/", files.original, name="file_original"),
    path("<uuid:pk>/files/<uuid:attachment>/state/", files.state, name="file_state"),
    path("<uuid:pk>/ask/", feedback.ask, name="ask"),
    path("<uuid:pk>/ask/draft/", feedback.ask, {"is_draft": True}, name="ask_draft"),
    path("<uuid:pk>/note/", feedback.note, name="note"),
    path("<uuid:pk>/note/draft/", feedback.note, {"is_draft": True}, name="note_draft"),
    path("questions/<uuid:pk>/remind/", feedback.remind, name="remind"),
    path("questions/<uuid:pk>/withdraw/", feedback.withdraw_question, name="withdraw_question"),
    path("questions/<uuid:pk>/undo/", undoing.undo_ask, name="undo_ask"),
    path("questions/<uuid:pk>/send/", undoing.send_question, name="send_question"),
    path("noted/<uuid:pk>/undo/", undoing.undo_noting, name="undo_noting"),
    path("answer/<str:token>/", answers.answer, name="answer"),
    path("answer/<str:token>/draft/", answers.answer, {"is_draft": True}, name="answer_draft"),
    path("answer/<str:token>/decline/", answers.decline, name="decline"),
    path("answer/<str:token>/files/<uuid:attachment>/", answers.answer_file, name="answer_file"),
    path("answer/<str:token>/undo/", undoing.undo_answer, name="undo_answer"),
    path("confirm/<str:token>/", answers.confirm, name="confirm"),
    path("confirm/<str:token>/undo/", undoing.undo_word, name="undo_word"),
]
