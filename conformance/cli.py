"""The command line: judge pollers, look into the catalogue, run a finding again.

Results go to stdout, progress and mistakes to stderr. What costs time to import is imported by the command that needs
it, so that `--help` answers at once. A user's mistake is one line and exit 2; never a traceback.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from conformance.child import HarnessCrash
from conformance.loading import WORLDS, UsageError, available, did_you_mean, resolve, worlds_of
from conformance.verdict import (
    EXIT_BROKEN,
    EXIT_INTERRUPTED,
    EXIT_KEPT,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    Finding,
    Report,
    Verdict,
)

if TYPE_CHECKING:
    from conformance.expectations import Expectations, Judgement
    from conformance.guarantees import Guarantee
    from conformance.mutants import Honest, Mutant

__all__ = ["PROFILES", "cli", "main"]

PROFILES = ("quick", "ci", "nightly")
"""As `campaign.PROFILES` has them, known here without importing it; a test holds them equal."""

_Row = TypeVar("_Row", "Mutant", "Honest")

_PAINTS = {Verdict.BROKEN: "red", Verdict.UNKNOWN: "yellow", Verdict.KEPT: "green", Verdict.NOT_APPLICABLE: "white"}


def main() -> None:
    """Run the command line and exit with the code of the verdict (`verdict.py` has the table)."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", _cache())  # else it would be left where the user stands
    try:
        code = cli.main(prog_name="pollcheck", standalone_mode=False)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "pollcheck"
        code = _complain(f"{error.format_message()} (see `{command} --help`)")
    except (UsageError, click.ClickException) as error:
        code = _complain(str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo("pollcheck: interrupted, nothing was judged yet", err=True)
        code = EXIT_INTERRUPTED
    except HarnessCrash as crash:
        click.echo(f"pollcheck: it crashed itself, please report it: {crash}", err=True)
        code = EXIT_UNKNOWN
    sys.exit(code)


def _cache() -> str:
    """Where Hypothesis may keep what it has computed."""
    caches = (os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~/.cache"), tempfile.gettempdir())
    return str(Path(next(filter(os.path.isabs, caches)), "pollcheck", "hypothesis"))


def _complain(message: str) -> int:
    click.echo(f"pollcheck: {' '.join(message.split())}", err=True)
    return EXIT_USAGE


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pollcheck", message="pollcheck %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Find out whether an event loop tells the truth about readiness."""
    if context.invoked_subcommand is None:
        raise click.UsageError("a command is missing", context)


@cli.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--world", type=click.Choice(list(WORLDS)), default="real", show_default=True, help="Which kernel.")
@click.option("--profile", type=click.Choice(PROFILES), default="quick", show_default=True, help="How thoroughly.")
@click.option("--only", metavar="ID,...", default="", help="Only these guarantees.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeat an earlier run.  [default: random, printed]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="How many cores to use.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report here.")
@click.option("--expect", type=click.Path(path_type=Path), help="What may fail: a TOML file of [[expect]] entries.")
@click.option("--write-expect", type=click.Path(path_type=Path), help="Write what failed to such a file.")
@click.option("-x", "stop_at_first", is_flag=True, help="Stop at the first failure.")
def run(
    names: tuple[str, ...],
    world: str,
    profile: str,
    only: str,
    seed: int | None,
    jobs: int,
    json_file: Path | None,
    expect: Path | None,
    write_expect: Path | None,
    stop_at_first: bool,
) -> int:
    """Judge pollers: a matrix of guarantees against pollers.

    NAME is one that `pollcheck pollers` lists, or module:attribute.
    """
    import secrets

    from conformance import campaign, replay
    from conformance.expectations import expectations_for
    from conformance.report.progress import shown

    targets = tuple(resolve(name) for name in dict.fromkeys(names))
    plan = campaign.Plan(
        targets=targets,
        worlds=worlds_of(world, targets),
        profile=profile,
        seed=secrets.randbits(32) if seed is None else seed,
        only=_checked_ids(only),
        jobs=jobs,
        stop_at_first=stop_at_first,
    )
    _check_writable(json_file, write_expect)
    expectations = expectations_for(expect, names)
    if write_expect is not None and write_expect.exists():
        expectations_for(write_expect, names)  # a mistake in it is told before the run, not after
    with shown(sys.stderr) as on_progress:
        report = campaign.run(plan, on_progress=on_progress, on_finding=replay.save)
    judgement = _settle(report, expectations, expect, write_expect, names)
    _print_report(report, judgement)
    if json_file is not None:
        from conformance.report.json import as_json

        _write(json_file, as_json(report, exit_code=judgement.exit_code))
    return judgement.exit_code


@cli.command()
@click.argument("name", metavar="NAME")
@click.option("--world", type=click.Choice(list(WORLDS)), default="real", show_default=True, help="Which kernel.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so long.")
@click.option("--cases", type=click.IntRange(min=1), help="Stop after so many scenarios.")
@click.option("--seed", type=click.IntRange(min=0), help="Begin anew.  [default: go on where the last one ended]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="How many cores to use.")
def fuzz(name: str, world: str, minutes: float | None, cases: int | None, seed: int | None, jobs: int) -> int:
    """Look for what breaks a poller until told to stop; findings are saved as they come."""
    from conformance.attribution import check_controls
    from conformance.crew import Crew
    from conformance.hunt import Hunt, Limits, hunt
    from conformance.report import text
    from conformance.report.progress import shown

    if minutes is not None and cases is not None:
        raise UsageError("give --minutes or --cases, not both")
    target = resolve(name)
    check_controls()

    def tell(found: Finding) -> None:
        row = _guarantee(found.guarantee)
        click.echo(text.brief(found, lambda _: row.says, strength=row.strength) + "\n")

    with Crew(jobs) as crew, shown(sys.stderr) as on_progress:
        worlds = (one for one in worlds_of(world, (target,)) if one == "real" or not target.native)
        hunts = [Hunt(target, one, crew, seed=seed) for one in worlds]
        limits = Limits(seconds=minutes and minutes * 60, cases=cases)
        code = hunt(hunts, limits, on_finding=tell, on_progress=on_progress)
    click.echo("\n".join(map(text.hunted, hunts)))
    return code


def _checked_ids(only: str) -> tuple[str, ...]:
    """Read a list of IDs parted by commas; none means all."""
    rows = tuple(_guarantee(one.strip()) for one in only.split(",") if one.strip())
    for row in rows:
        if row.check is None:
            raise UsageError(f"{row.id} is not checked: {row.unchecked}")
    return tuple(row.id for row in rows)


def _settle(
    report: Report,
    expectations: Expectations,
    expect: Path | None,
    write_expect: Path | None,
    names: tuple[str, ...],
) -> Judgement:
    """Judge the report by the expectations, after rewriting them where that was asked. A cut run rewrites nothing."""
    from conformance.expectations import expectations_for, judge, updated

    if write_expect is not None and not report.interrupted:
        source = write_expect if write_expect.exists() else expect
        _write(write_expect, updated(source.read_text(encoding="utf-8") if source else "", report))
        expectations = expectations_for(write_expect, names)
    return judge(report, expectations)


def _print_report(report: Report, judgement: Judgement) -> None:
    from conformance.report import text

    def says(guarantee: str) -> str:
        return _guarantee(guarantee).says

    def paint(symbol: str, verdict: Verdict) -> str:
        return click.style(symbol, fg=_PAINTS[verdict])

    width = shutil.get_terminal_size((120, 24)).columns
    blocks = [text.matrix(report, says, expected=judgement.expected, width=width, paint=paint)]
    blocks += [
        text.finding(found, says, strength=_guarantee(found.guarantee).strength)
        for found in report.findings
        if (found.guarantee, found.poller) not in judgement.expected
    ]
    blocks += [text.unknowns(report), text.summary(report), "\n".join(judgement.stale)]
    blocks.append(
        ("interrupted, this is a part of the report; " if report.interrupted else "") + text.seed_line(report)
    )
    click.echo("\n\n".join(block for block in blocks if block))


def _check_writable(*paths: Path | None) -> None:
    """Find out before the run, not after it, that its outcome could not be written."""
    for path in paths:
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise UsageError(f"cannot write {path}: {'it is a' if path.is_dir() else 'there is no such'} directory")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _guarantee(id_: str) -> Guarantee:
    from conformance.guarantees import catalogue, lookup

    try:
        return lookup(id_)
    except KeyError:
        hint = did_you_mean(id_.upper(), [row.id for row in catalogue()])
        raise UsageError(f"there is no guarantee {id_!r}{hint}; `pollcheck list` lists them") from None


@cli.command(name="list")
@click.option("--unchecked", is_flag=True, help="Only those that cannot be checked, with the reason.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(unchecked: bool, as_json: bool) -> int:
    """List the catalogue, one line per guarantee."""
    from conformance.guarantees import catalogue
    from conformance.report.json import catalogue_as_json

    rows = tuple(row for row in catalogue() if not unchecked or row.check is None)
    if as_json:
        click.echo(catalogue_as_json(rows), nl=False)
        return EXIT_KEPT
    for row in rows:
        remark = f" (unchecked: {row.unchecked})" if row.check is None else ""
        click.echo(f"{row.id:7}{row.strength:7}{row.says}{remark}")
    return EXIT_KEPT


@cli.command()
@click.argument("id_", metavar="ID")
def explain(id_: str) -> int:
    """Explain one guarantee: sentence, why, source, example, mutant."""
    from conformance.library import LIBRARY, expand
    from conformance.mutants import MUTANTS
    from conformance.report.text import explanation
    from conformance.scenario import show

    row = _guarantee(id_)
    examples = [show(scenario) for text in LIBRARY.get(row.id, ()) for scenario in expand(text)]
    lies = [f"{mutant.name}: {mutant.does}" for mutant in MUTANTS if mutant.breaks == row.id]
    click.echo(explanation(row, example=examples[0] if examples else "", broken_by=lies))
    return EXIT_KEPT


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
def replay(file: Path) -> int:
    """Run a stored failing scenario again; exit 1 if it still fails."""
    from conformance import campaign
    from conformance import replay as stored
    from conformance.actions import BadScenario
    from conformance.report import text

    old = stored.read(file)
    row = _guarantee(old.guarantee)
    try:
        found = campaign.rerun(resolve(old.poller), old.world, old.guarantee, old.scenario)
    except BadScenario as error:
        raise UsageError(f"{file}: {error}") from None
    if found is None:
        click.echo(f"{old.guarantee} is not broken by {old.poller} on the {old.world} world any more")
        return EXIT_KEPT
    stored.save_script(found)
    click.echo(text.finding(found, lambda _: row.says, strength=row.strength))
    return EXIT_BROKEN


@cli.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--honest", is_flag=True, help="Run the honest variants instead: is anybody accused who is innocent?")
@click.option("--seed", type=click.IntRange(min=0), help="Repeat an earlier run.  [default: random, printed]")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Draw from so many seeds.")
@click.option(
    "--cases", type=click.IntRange(min=1), default=500, show_default=True, help="Drawn cases per seed, at most."
)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="How many cores to use.")
@click.option(
    "--world",
    type=click.Choice(list(WORLDS)),
    default="both",
    show_default=True,
    help="Only mutants that are tried there.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write what was found here.")
@click.option("--matrix", type=click.Path(path_type=Path), help="Write the kill matrix here, as a page.")
def selfcheck(
    names: tuple[str, ...],
    honest: bool,
    seed: int | None,
    seeds: int,
    cases: int,
    jobs: int,
    world: str,
    json_file: Path | None,
    matrix: Path | None,
) -> int:
    """Run the mutants: does the judge still see?

    NAME is a mutant, or with --honest a variant; all of them unless some are named.
    """
    import secrets
    from datetime import UTC, datetime

    from conformance import acquittal, mutants
    from conformance import selfcheck as trial
    from conformance.report import mutants as told
    from conformance.report.progress import shown

    seed = secrets.randbits(32) if seed is None else seed
    if honest:
        if json_file or matrix or seeds > 1 or world != "both":
            raise UsageError("--honest goes with --seed, --cases and --jobs only")
        variants = _named(names, mutants.HONEST)
        with shown(sys.stderr) as on_progress:
            found = acquittal.acquit(seed=seed, cases=cases, jobs=jobs, variants=variants, on_progress=on_progress)
        click.echo(f"{told.acquittals(found)}\nseed {seed}")
        return EXIT_KEPT if all(one.is_clean for one in found) else EXIT_BROKEN
    _check_writable(json_file, matrix)
    chosen = tuple(m for m in _named(names, mutants.MUTANTS) if trial.world_of(m) in WORLDS[world])
    if not chosen:
        raise UsageError(f"none of these mutants is tried on the {world} world")
    with shown(sys.stderr) as on_progress:
        check = trial.selfcheck(seed=seed, seeds=seeds, cases=cases, jobs=jobs, mutants=chosen, on_progress=on_progress)
    click.echo(f"{told.as_text(check)}\nseed {seed}")
    if json_file is not None:
        _write(json_file, told.as_json(check))
    if matrix is not None:
        command = f"pollcheck selfcheck --seed {seed} --seeds {seeds} --cases {cases} --matrix {matrix}"
        _write(matrix, told.as_page(check, command=command, date=f"{datetime.now(UTC):%Y-%m-%d}"))
    return EXIT_BROKEN if check.survivors or check.crashed else EXIT_KEPT


def _named(names: tuple[str, ...], rows: tuple[_Row, ...]) -> tuple[_Row, ...]:
    """The rows of these names; all rows where none is named."""
    known = {row.name: row for row in rows}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no {name!r}{did_you_mean(name, list(known))}")
    return tuple(known[name] for name in dict.fromkeys(names)) or rows


@cli.command()
def pollers() -> int:
    """List what can be judged here, and what is missing to judge the rest."""
    from conformance import probe

    for one in available():
        missing = one.missing or (probe.greet(one.target) if one.target else "")
        if one.target is None or missing:
            click.echo(f"{one.name:18}unavailable: {missing}")
        else:
            click.echo(f"{one.name:18}{one.target.spec}{' (real world only)' if one.target.native else ''}")
    return EXIT_KEPT


@cli.command()
@click.argument("name")
@click.option("--world", type=click.Choice(("real", "fake")), default="real", show_default=True, help="Which kernel.")
def doctor(name: str, world: str) -> int:
    """Probe a poller gate by gate: one diagnosis, and how to mend it."""
    from conformance import probe

    exit_code = EXIT_KEPT
    for passed in probe.examine(name, world):
        click.echo(f"{'ok' if not passed.cause else 'broken':8}{passed.gate}")
        if passed.cause:
            click.echo(f"{'':8}{passed.cause}\n{'':8}to mend it: {passed.mend}")
        exit_code = passed.exit_code
    return exit_code
