"""What publishing a folder would change and say, before it does."""

from functions.services.archives import Files, read_archive
from functions.services.publishing import (
    CheckedSolution,
    Usable,
    check_solution,
    live_version,
    usable_by,
)
from functions.services.version_diffs import FileChange, diff_files
from orgs import policies
from orgs.models import Organization, Solution, User


def preview_changes(
    organization: Organization, *, name: str, archive: bytes, by: User
) -> list[FileChange]:
    """Compare a folder with what is live of the solution of this name; all is new without one.

    Raises NotAllowed, NotAnArchive or ArchiveTooLarge.
    """
    solution = _solution_to_publish(organization, name, by)
    before: Files = {}
    if solution is not None and solution.version:
        before = read_archive(bytes(live_version(solution).archive))
    return diff_files(before, read_archive(archive))


def preview_checks(
    organization: Organization, *, name: str, archive: bytes, by: User
) -> CheckedSolution:
    """Check a folder as publishing it under this name would.

    Raises NotAllowed, NotAnArchive, ArchiveTooLarge or FunctionsTooLarge.
    """
    solution = _solution_to_publish(organization, name, by)
    usable = usable_by(solution) if solution else Usable((), ())
    return check_solution(read_archive(archive), usable=usable)


def _solution_to_publish(organization: Organization, name: str, by: User) -> Solution | None:
    solution = organization.solutions.filter(name=name).first()
    if solution is None:
        policies.require(by, policies.Act.CREATE_SOLUTIONS, organization)
    else:
        policies.require_in_solution(by, policies.SolutionAct.PUBLISH, solution)
    return solution
