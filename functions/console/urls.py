from django.urls import path

from functions.console import (
    calls,
    credentials,
    editor,
    functions,
    groups,
    language,
    overview,
    publishing,
    solution_acts,
    solution_members,
    solution_settings,
    solutions,
    trial,
    versions,
)

SOLUTION = "solutions/<uuid:solution_id>"
GROUP = f"{SOLUTION}/groups/<uuid:group_id>"
VERSION = f"{SOLUTION}/versions/<int:number>"
CREDENTIAL = f"{SOLUTION}/credentials/key/<str:key>"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("jump", functions.jump, name="jump"),
    path("solutions", solutions.solutions, name="solutions"),
    path("solutions/new", solutions.new_solution, name="solution-new"),
    path(SOLUTION, solutions.solution, name="solution"),
    path(f"{SOLUTION}/content", solutions.download, name="solution-download"),
    path(f"{SOLUTION}/publish", publishing.publish, name="solution-publish"),
    path(f"{SOLUTION}/files", editor.new_file, name="function-new"),
    path(f"{SOLUTION}/files/<path:path>", editor.file, name="function-file"),
    path(f"{SOLUTION}/remove/<path:path>", editor.remove, name="function-remove"),
    path(f"{SOLUTION}/check", editor.check, name="function-check"),
    path(f"{SOLUTION}/versions", versions.versions, name="solution-versions"),
    path(VERSION, versions.version, name="solution-version"),
    path(f"{VERSION}/content", versions.download, name="solution-version-download"),
    path(f"{VERSION}/restore", versions.restore, name="solution-version-restore"),
    path(f"{SOLUTION}/copy", solution_acts.copy, name="solution-copy"),
    path(f"{SOLUTION}/delete", solution_acts.delete, name="solution-delete"),
    path(f"{SOLUTION}/settings", solution_settings.solution_settings, name="solution-settings"),
    path(f"{SOLUTION}/members", solution_members.members, name="solution-members"),
    path(f"{SOLUTION}/members/add", solution_members.add_members, name="solution-members-add"),
    path(
        f"{SOLUTION}/members/change",
        solution_members.change_members,
        name="solution-members-change",
    ),
    path(f"{SOLUTION}/groups", groups.groups, name="solution-groups"),
    path(GROUP, groups.group, name="solution-group"),
    path(f"{GROUP}/rename", groups.rename, name="solution-group-rename"),
    path(f"{GROUP}/delete", groups.delete, name="solution-group-delete"),
    path(f"{GROUP}/add", groups.add, name="solution-group-add"),
    path(f"{GROUP}/remove", groups.remove, name="solution-group-remove"),
    path(f"{SOLUTION}/credentials", credentials.credentials, name="solution-credentials"),
    path(f"{SOLUTION}/credentials/new", credentials.new_credential, name="solution-credential-new"),
    path(CREDENTIAL, credentials.credential, name="solution-credential"),
    path(f"{CREDENTIAL}/remove", credentials.remove, name="solution-credential-remove"),
    path(f"{CREDENTIAL}/connect", credentials.connect, name="solution-credential-connect"),
    path("functions", functions.functions, name="functions"),
    path(f"{SOLUTION}/functions/<str:name>", functions.function, name="function"),
    path(f"{SOLUTION}/functions/<str:name>/try", trial.try_it, name="function-try"),
    path("language", language.language_page, name="language"),
    path("calls", calls.calls, name="calls"),
    path("calls/<uuid:call_id>", calls.call, name="call"),
]
