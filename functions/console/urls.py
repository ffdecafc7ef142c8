from django.urls import path

from functions.console import calls, functions, overview, solutions, trial

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("jump", functions.jump, name="jump"),
    path("solutions", solutions.solutions, name="solutions"),
    path("solutions/<uuid:solution_id>", solutions.solution, name="solution"),
    path("functions", functions.functions, name="functions"),
    path("solutions/<uuid:solution_id>/functions/<str:name>", functions.function, name="function"),
    path(
        "solutions/<uuid:solution_id>/functions/<str:name>/try", trial.try_it, name="function-try"
    ),
    path("calls", calls.calls, name="calls"),
    path("calls/<uuid:call_id>", calls.call, name="call"),
]
