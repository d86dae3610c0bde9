"""help, apropos, complete: about the words themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.kvm.host_events import HOST_EVENTS
from kvmdbg.session.commands.host import host_words
from kvmdbg.session.expr_functions import CALLS
from kvmdbg.session.operands import Topic, Words
from kvmdbg.session.parse import ALIASES, COMMANDS, GROUPS, Command, command, did_you_mean, resolve
from kvmdbg.session.reports import REPORTS
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session
from kvmdbg.session.specs import KINDS_OF_EVENTS
from kvmdbg.session.views import TLB_NAMES


def events(s: Session) -> str:
    """What `break`, `until`, `last` and `count` understand."""
    width = max(len(kind.name) for kind in KINDS_OF_EVENTS)
    lines = [f"  {kind.name:<{width}}  {kind.meaning}" for kind in KINDS_OF_EVENTS]
    return "\n".join(["Events, for break, catch, until, last and count(); qualifiers follow behind colons or blanks:", *lines,
                      "Then perhaps `vcpu N` and `if EXPR`.",
                      "A function of the model is a place too: `break vmx_flush_tlb_current`."])


def expressions(s: Session) -> str:
    """What `print`, `watch`, `if` and `expect` understand."""
    calls = {**CALLS, **s.scope().calls}
    return "\n".join((
        "Expressions are Python's, over whole numbers, texts and the state; &&, || and ! are understood.",
        "  vcpu, vcpu0 ...    a vCPU: .requests .vpid .vpid02 .mode .program ...; vcpu is the current one",
        "  cpu, cpu0 ...      a processor: .cr3 .vpid .eptp .rip ...",
        "  vmcs01 vmcs02 vmcs12   their fields by Linux's names: vmcs02.EPT_POINTER",
        "  mmu root_mmu guest_mmu   .root.hpa .prev_roots ...",
        f"  tlb, tlb[FILTER]   the cached translations; .count; a filter knows {', '.join(TLB_NAMES)}",
        "  level, kernel, position, end, digest, stop.reason, config, caps",
        "  names of requests are their bits, names of exit reasons their numbers (INVVPID == 53)",
        "  $ $$ $N the value history, $name variables",
        f"Functions: {', '.join(sorted(calls))}; count(\"flush:invvpid if vpid == 2\"), count(\"vmexit\", \"bookmark\").",
        "In a condition the event's own fields come first: vpid, reason, by, type, ..."))


def positions(s: Session) -> str:
    """How places on the tape are written."""
    return ("The tape has positions #0, #1, ...; the cursor stands between two entries, and the entry at the cursor is about to\n"
            "happen.  Write #12 or 12, +3 and -3 from the cursor, start, end, or a bookmark.  At the end the next action of the\n"
            "current vCPU is run; what is on the tape is never executed again.")


def instructions(s: Session) -> str:
    """What `inject` and `program` understand."""
    return "\n".join([f"  {' or '.join(one.forms):<44}{one.summary}" for one in INSTRUCTIONS])


def verdicts(s: Session) -> str:
    """What fresh, stale and forbidden mean, and what stops."""
    return ("Each cached translation is judged against the tables that it comes from:\n"
            "  . fresh       it says what they say\n"
            "  ~ stale       they say otherwise, and the level that changed them still owes the invalidation: allowed\n"
            "  X forbidden   that level has done all that the manual asks, and the translation is still there: KVM lost a flush\n"
            "`info tlb` and the TLB pane show it; `info flushes` tells how many of each a flush dropped.\n"
            "A use of a forbidden one stops by itself and names the flush that was owed; `set stop-on-forbidden off` goes on.\n"
            "`break stale` stops at stale ones too; both take qualifiers and conditions as `break hit` does.  `until stale`,\n"
            "`last forbidden`, `count(\"forbidden\")` and `expect stale L2 0x800000` know them as well.")


def scripts(s: Session) -> str:
    """What a *.kvmdbg file is."""
    return ("A script is what one could type, one command a line; `#` begins a comment (at the beginning of a line, or with\n"
            "blanks around it).  `commands`, `program` and `define` take the lines up to `end`.  A failing `expect` is\n"
            "reported and the script goes on; any other error ends it.  `record FILE` writes the present session as a script.\n"
            "What differs from kernel to kernel: `kernels v4.3 v4.4` as the first command says where the script is played,\n"
            "`expect on v4.3: ...` counts there only, `expect with HASH: ...` and `expect without HASH: ...` wherever the\n"
            "kernel has, or lacks, that commit.")


TOPICS: Final[dict[str, Callable[[Session], str]]] = {
    "events": events, "expressions": expressions, "positions": positions, "instructions": instructions, "scripts": scripts,
    "verdicts": verdicts}


@command("help", group="support", aliases=("h",), examples=("help", "help step", "help motion", "help events"), recorded=False)
def help_(s: Session, topic: Topic = "") -> Text:
    """Explain a command, a group of commands, or a topic: events, expressions, positions, instructions, scripts, verdicts."""
    if not topic:
        return Text("\n".join(["Groups of commands:", *(f"  help {group:<10} {title}" for group, title in GROUPS.items()),
                               "Topics:",
                               *(f"  help {name:<14}{inspect.getdoc(one)}" for name, one in TOPICS.items()),
                               "Type \"help\" and a command, \"apropos WORD\" to search, Tab to complete."]))
    if topic in TOPICS:
        return Text(TOPICS[topic](s))
    if topic in GROUPS:
        found = [f"  {one.name:<18}{', '.join(one.aliases):<16}{one.summary}" for one in COMMANDS if one.group == topic]
        return Text("\n".join([f"{GROUPS[topic]}:", *found]))
    word, _, rest = topic.partition(" ")
    name = known(s, word)
    if name in s.defined:
        return Text("\n".join([f"{name}: defined in this session.", *(f"  {line}" for line in s.defined[name])]))
    return Text(explained(COMMANDS[name], rest))


def known(s: Session, word: str) -> str:
    try:
        return resolve(word, s.defined)
    except UserError as wrong:
        hint = did_you_mean(word, (*TOPICS, *GROUPS, *ALIASES.names()))
        raise UserError(wrong.message, hint or wrong.hint) from None


def explained(entry: Command, rest: str) -> str:
    """A command: how it is written, what it does, examples; for `info` its reports, for `host` its events."""
    if entry.name == "info" and rest.strip():
        found = [one for one in REPORTS if one.name.startswith(rest.strip())]
        if found:
            return "\n\n".join(f"info {one.name}\n{one.help}" for one in found)
    lines = [entry.usage + (f"    (also: {', '.join(entry.aliases)})" if entry.aliases else ""), entry.help]
    if entry.block:
        lines.append("Lines follow, up to `end`.")
    lines += [f"  {slot.operand.name}: {slot.operand.describe}" for slot in entry.slots]
    if entry.examples:
        lines.append("Examples: " + "; ".join(entry.examples))
    if entry.name == "info":
        lines += [f"  info {one.name:<14}{one.meaning}" for one in REPORTS]
    if entry.name == "host":
        lines += host_words()
    return "\n".join(lines)


@command("apropos", group="support", aliases=("apr",), examples=("apropos flush",), recorded=False)
def apropos(s: Session, text: Words) -> Text:
    """Search commands, reports, events, host events and instructions for a word."""
    wanted = text.lower()
    found = [f"{one.name} -- {one.summary}" for one in COMMANDS
             if wanted in f"{one.name} {' '.join(one.aliases)} {one.help}".lower()]
    found += [f"info {one.name} -- {one.meaning}" for one in REPORTS if wanted in f"{one.name} {one.help}".lower()]
    found += [f"break {one.name} -- {one.meaning}" for one in KINDS_OF_EVENTS if wanted in f"{one.name} {one.meaning}".lower()]
    found += [f"host {one.name} -- {one.summary}" for one in HOST_EVENTS if wanted in f"{one.name} {one.summary}".lower()]
    found += [f"inject {one.name} -- {one.summary}" for one in INSTRUCTIONS if wanted in f"{one.name} {one.summary}".lower()]
    return Text("\n".join(found) or f"Nothing about {text!r}.")


@command("complete", group="support", examples=("complete info re",), recorded=False)
def complete(s: Session, text: Words = "") -> Text:
    """Print the lines that `text` could become, for editors and tests."""
    return Text("\n".join(text[:one.start] + one.text for one in s.completions(text)))
