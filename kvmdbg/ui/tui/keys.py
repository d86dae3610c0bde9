"""The keys of the program: one table, read by the dispatcher and by the help overlay.

A key is named by its character when it has one ("S", "[", "?"), else as Textual names it ("shift+tab", "f10").  `does` is a
debugger line after "run:", or the name of an `action_...` method of the program.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PANES: Final = "panes"         # works while a pane has the keys
EVERYWHERE: Final = "both"     # works while the command line has them, too


class Key(NamedTuple):
    """One key."""

    keys: tuple[str, ...]      # other names are the same key in other terminals
    shown: str                 # in help; "" = not listed
    does: str
    meaning: str
    where: str = PANES


STEPPING: Final = (
    Key(("s",), "s", "run:step", "step: one line of the model, into calls"),
    Key(("n",), "n", "run:next", "next: one line, over calls"),
    Key(("f",), "f", "run:finish", "finish: to the end of this function"),
    Key(("c",), "c", "run:continue", "continue to the next stop"),
    Key(("i",), "i", "run:stepi", "stepi: one entry of the tape"),
    Key(("o",), "o", "run:insn", "insn: one guest instruction, to the next VM entry"),
    Key(("S",), "S", "run:reverse-step", "step backwards"),
    Key(("N",), "N", "run:reverse-next", "next backwards"),
    Key(("F",), "F", "run:reverse-finish", "back to the call of this function"),
    Key(("C",), "C", "run:reverse-continue", "continue backwards"),
    Key(("I",), "I", "run:reverse-stepi", "one entry of the tape backwards"),
    Key(("u",), "u", "run:up", "select the calling function"),
    Key(("D",), "D", "run:down", "select the called function"),
    Key(("w",), "w", "run:backtrace", "backtrace into the log"),
)
TIME: Final = (
    Key(("[",), "[", "scrub:-1", "one position back on the timeline"),
    Key(("]",), "]", "scrub:1", "one position forward"),
    Key(("{",), "{", "mark:-1", "to the mark before it: flush, nested entry, bookmark"),
    Key(("}",), "}", "mark:1", "to the next mark"),
    Key(("m",), "m", "bookmark", "set a bookmark here, or take it away"),
)
PLACES: Final = (
    Key(("tab",), "Tab", "next_pane", "to the next pane"),
    Key(("shift+tab",), "Shift-Tab", "previous_pane", "to the pane before"),
    Key(tuple("12345678"), "1 .. 8", "jump", "to the pane of that number"),
    Key(("t",), "t", "cycle", "another pane in the middle"),
    Key(("z",), "z", "zoom", "this pane alone, or all again"),
    Key(("d",), "d", "differ", "VMCS pane: only the fields that differ, or all"),
    Key(("/",), "/", "filter", "filter a table; search log or source (n N: again)"),
    Key(("enter",), "Enter", "choose", "switch a breakpoint, select a frame or a vCPU"),
    Key(("?",), "?", "help", "this help"),
    Key((":",), ":", "line", "type a command"),
    Key(("escape",), "Esc", "less", "close the help, drop the filter, leave the zoom"),
)
MOVING: Final = (
    Key((), "arrows, h j k l", "", "select a row, scroll sideways"),
    Key((), "PgUp PgDn Home End, g G", "", "by pages, to the ends"),
)
ALWAYS: Final = (
    Key(("f11",), "F11", "run:step", "step", EVERYWHERE),
    Key(("f10",), "F10", "run:next", "next", EVERYWHERE),
    Key(("shift+f11", "f23"), "Shift-F11", "run:finish", "finish", EVERYWHERE),
    Key(("f5",), "F5", "run:continue", "continue", EVERYWHERE),
    Key(("shift+f10", "f22"), "Shift-F10", "run:reverse-next", "next backwards", EVERYWHERE),
    Key(("shift+f5", "f17"), "Shift-F5", "run:reverse-continue", "continue backwards", EVERYWHERE),
    Key(("f1",), "F1", "help", "this help", EVERYWHERE),
    Key(("f2", "ctrl+backslash"), "F2, Ctrl-\\", "command_palette", "menu of all actions and themes", EVERYWHERE),
    Key(("f8",), "F8", "repl", "the full prompt; Ctrl-D comes back", EVERYWHERE),
    Key(("f9",), "F9", "picture", "write a picture of the screen (SVG)", EVERYWHERE),
    Key(("ctrl+l",), "Ctrl-L", "redraw", "draw the screen again", EVERYWHERE),
    Key(("ctrl+c",), "Ctrl-C", "interrupt", "stop what runs; else drop the line (never leaves)", EVERYWHERE),
    Key(("ctrl+z",), "Ctrl-Z", "suspend_process", "suspend to the shell", EVERYWHERE),
    Key(("ctrl+q",), "Ctrl-Q", "leave", "leave", EVERYWHERE),
)
PREFIX: Final = "ctrl+x"
AFTER_PREFIX: Final = (          # gdb's TUI keys
    Key(("o",), "^X o", "next_pane", "to the next pane"),
    Key(("1",), "^X 1", "zoom", "this pane alone, or all again"),
    Key(("2",), "^X 2", "cycle", "another pane in the middle"),
    Key(("a", "ctrl+a"), "^X a", "repl", "leave the panes for the full prompt"),
    Key(("s",), "^X s", "less", "single keys (leave the command line)"),
)
LINE: Final = (
    ("Enter", "run the line; empty: repeat step, next, continue, ..."),
    ("Tab, Shift-Tab", "complete; walk through the menu"),
    ("Up Down, ^P ^N", "older and newer lines that begin like this one"),
    ("^R", "search in the history"),
    ("Right, ^E", "accept the grey suggestion"),
    ("^W ^U ^K ^Y", "kill a word, the line before, after the cursor; yank"),
    ("^_", "undo"),
    ("F4, Alt-.", "last argument of the line before"),
    ("PgUp PgDn", "scroll the log"),
    ("Esc", "back to the panes"),
    ("^D", "on an empty line: leave"),
)
SECTIONS: Final = (("Stepping", STEPPING), ("Time", TIME), ("Panes", PLACES), ("Moving", MOVING), ("Everywhere", ALWAYS),
                   ("gdb's keys", AFTER_PREFIX))


def table(*groups: tuple[Key, ...]) -> dict[str, Key]:
    """From the name of a key to what it does."""
    return {name: key for group in groups for key in group for name in key.keys}


PANE_KEYS: Final = table(STEPPING, TIME, PLACES)
GLOBAL_KEYS: Final = table(ALWAYS)
PREFIX_KEYS: Final = table(AFTER_PREFIX)


def help_lines() -> list[tuple[str, str]]:
    """The help overlay: (text, word of its style) line by line."""
    lines = []
    for title, keys in SECTIONS:
        lines.append((title, "heading"))
        lines += [(f"  {key.shown:<22}{key.meaning}", "") for key in keys if key.shown]
        lines.append(("", ""))
    lines.append(("Command line", "heading"))
    lines += [(f"  {shown:<22}{meaning}", "") for shown, meaning in LINE]
    lines += [("", ""), ("Marks", "heading"), ("  + new   - gone or about to go   * changed or pending   ! differs", ""),
              ("  > current   => runs next   B breakpoint   x disabled", ""),
              ("  < > at the ends of a title: columns are hidden there (left, right)", "")]
    return lines
