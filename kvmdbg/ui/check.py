"""`kvmdbg check`: conformance cases, a line each."""

from __future__ import annotations

from argparse import Namespace

from kvmdbg.session.cases.runner import FAIL, UNSUPPORTED, CaseResult, cases_of, check_cases
from kvmdbg.session.cases.runner import OK as PASSED
from kvmdbg.session.results import plain
from kvmdbg.ui.console import FAILED, OK, out
from kvmdbg.ui.plain import json_line
from kvmdbg.ui.progress import progress


def check(options: Namespace) -> int:
    """Conformance cases: a line each, then the counts of instances.

    raises: UserError for a file that cannot be read or is malformed, before any case has run.
    """
    totals = dict.fromkeys((PASSED, FAIL, UNSUPPORTED), 0)
    cases = cases_of(options.files, options.case)
    for result in progress(check_cases(cases), len(cases)):
        for status in totals:
            totals[status] += result.count(status)
        if options.script:
            for verdict in result.verdicts:
                for script in verdict.script:
                    out(script.text())
        else:
            out(case_json(result) if options.json else case_line(result))
    passed, failed, unsupported = totals.values()
    if options.json:
        out(json_line("summary", passed=passed, failed=failed, unsupported=unsupported))
    elif not options.script:
        out(f"{passed} passed, {failed} failed, {unsupported} unsupported")
    return OK if passed and not failed and not unsupported else FAILED


def case_line(result: CaseResult) -> str:
    """ "ok  ID  title", "FAIL  ID  title: reason"; of several instances how many it is about."""
    case, status, number = result.case, result.status, len(result.verdicts)
    reasons = list(dict.fromkeys(verdict.reason for verdict in result.verdicts if verdict.status == status and verdict.reason))
    about = result.count(status)
    part = "" if number == 1 else f" ({number} instances)" if about == number else f" ({about} of {number} instances)"
    return f"{status:<11}  {case.id}  {case.title}{part}" + (f": {'; '.join(reasons)}" if reasons else "")


def case_json(result: CaseResult) -> str:
    case = result.case
    return json_line("case", file=case.file, id=case.id, title=case.title, status=result.status, instances=[
        {"number": verdict.instance.number, "values": {name: plain(value) for name, value in verdict.instance.values},
         "status": verdict.status, "reason": verdict.reason} for verdict in result.verdicts])
