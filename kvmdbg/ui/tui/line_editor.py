"""Editing the command line: a widget around prompt_toolkit's Buffer, with the completer and the history of the REPL.

Keys are handled one by one in the order of typing, and Enter takes and clears the line in one go, so lines that were typed
ahead keep their order.  Nothing here waits: completion, suggestion and history are asked synchronously.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.clipboard import ClipboardData, InMemoryClipboard
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix
from prompt_toolkit.filters import Always
from prompt_toolkit.search import SearchDirection, SearchState
from textual.widget import Widget

from kvmdbg.ui.promptkit import KvmdbgCompleter, KvmdbgValidator, LineHistory, Speaker, make_auto_suggest

PROMPT: Final = "(kvmdbg) "

EDITED: Final = "edited"     # the key was text or an editing key
SUBMIT: Final = "submit"     # Enter: `line` is to be run
LEAVE: Final = "leave"       # Esc: back to the panes
END: Final = "end"           # Ctrl-D on an empty line
UNKNOWN: Final = "unknown"   # not a key of the line


class Typed(NamedTuple):
    """What a key did."""

    kind: str
    line: str = ""


class LineBuffer(Buffer):
    """A Buffer whose history is there at once: prompt_toolkit would load it in a background task, too late for type-ahead."""

    def __init__(self, history: LineHistory, validator: KvmdbgValidator) -> None:
        super().__init__(history=history, validator=validator, enable_history_search=Always(), multiline=False)
        self._take_history()

    def _take_history(self) -> None:
        lines = self.history.get_strings()
        for line in reversed(lines):
            self._working_lines.appendleft(line)
        self.working_index = len(lines)

    def load_history_if_not_yet_loaded(self) -> None:
        """It always is."""

    def clear(self) -> None:
        """An empty line at the end of the history as it is now."""
        self.reset()
        self._take_history()


class LineEditor(Widget):
    """The line, its history, its menu and its message; how they look is the command line's business."""

    def __init__(self, session: Speaker, history: LineHistory) -> None:
        super().__init__(id="command")
        self.completer = KvmdbgCompleter(session)
        self.buffer = LineBuffer(history, KvmdbgValidator(session))
        self.suggester = make_auto_suggest()
        self.clipboard = InMemoryClipboard()
        self.active = False
        self.prompt = PROMPT
        self.message = ""
        self.message_style = "error"
        self.refused = False         # the line was refused: the next letter starts a new one
        self.searching: SearchState | None = None
        self._search_from = ""
        self._inserting = False      # letters typed in a row are one step of undo

    # -- what the program asks --------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.buffer.text

    def activate(self, active: bool) -> None:
        """Give or take the keys."""
        if active != self.active:
            self.active = active
            self._close()
            self.refresh()

    def say(self, message: str, style: str = "error") -> None:
        """Show one line above the prompt until the next key."""
        self.message, self.message_style = message, style
        self.refresh()

    def refuse(self, line: str) -> None:
        """Bring back a line that was wrong: editing keys mend it, the next letter starts afresh (so type-ahead is safe)."""
        self.buffer.clear()
        self.buffer.insert_text(line)
        self.refused = True
        self.refresh()

    def take(self) -> str:
        """Take the line and leave an empty one, in one go; the line goes into the history."""
        line = self.buffer.text
        self.buffer.history.append_string(line)
        self.buffer.clear()
        self._close()
        return line

    def cancel(self) -> bool:
        """Drop what is typed (Ctrl-C); False when there was nothing."""
        had = bool(self.buffer.text or self.message or self.searching or self.buffer.complete_state)
        self.buffer.clear()
        self._close()
        self.message = ""
        self.refresh()
        return had

    # -- keys -------------------------------------------------------------------------------------------------------

    def key(self, key: str, character: str | None) -> Typed:
        """Handle one key; see the constants above for the answers."""
        self.message = ""
        self.refresh()
        if self.searching is not None and (typed := self._search_key(key, character)) is not None:
            return typed
        if key == "enter":
            return Typed(SUBMIT, self.take())
        if key == "escape":
            if self.buffer.complete_state is not None:
                self.buffer.cancel_completion()
                return Typed(EDITED)
            return Typed(LEAVE)
        if key == "ctrl+d" and not self.buffer.text:
            return Typed(END)
        action = KEYS.get(key)
        if action is not None:
            self._inserting = self.refused = False
            action(self)
            return Typed(EDITED)
        if character is not None and character.isprintable() and not key.startswith(("ctrl+", "alt+")):
            self._insert(character)
            return Typed(EDITED)
        return Typed(UNKNOWN)

    def paste(self, text: str) -> list[str]:
        """Insert pasted text; each line end in it submits the line, as if it had been typed."""
        self.message = ""
        lines = []
        first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._insert(_printable(first))
        for more in rest:
            lines.append(self.take())
            self._insert(_printable(more))
        self.refresh()
        return lines

    def _insert(self, text: str) -> None:
        if not text:
            return
        menu = self.buffer.complete_state is not None
        if self.refused:
            self.buffer.clear()
        if not self._inserting:
            self.buffer.save_to_undo_stack()
        self.refused, self._inserting = False, True
        self.buffer.insert_text(text)
        if menu:
            self._open_menu()

    def _change(self, change: Callable[[], object]) -> None:
        self.buffer.save_to_undo_stack()
        change()

    def _close(self) -> None:
        self.buffer.cancel_completion()
        self.searching = None
        self.refused = self._inserting = False

    # -- completion -------------------------------------------------------------------------------------------------

    def found(self) -> list[object]:
        """The lines of the menu; none while it is closed."""
        state = self.buffer.complete_state
        return [] if state is None else list(state.completions)

    def complete(self) -> None:
        """Tab: complete as far as it is clear, else open the menu, else go to its next line."""
        buffer = self.buffer
        if buffer.complete_state is not None:
            buffer.complete_next()
            return
        found = list(self.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
        if not found:
            self.say("no completion", "dim")
            return
        self.buffer.save_to_undo_stack()
        if len(found) == 1:
            buffer.apply_completion(found[0])
            return
        suffix = get_common_complete_suffix(buffer.document, found)
        if suffix:
            buffer.insert_text(suffix)
        self._open_menu()

    def _open_menu(self) -> None:
        """Open the menu for what stands before the cursor, with nothing chosen in it yet."""
        document = self.buffer.document
        found = list(self.completer.get_completions(document, CompleteEvent(completion_requested=True)))
        found = [c for c in found if c.text != document.text_before_cursor[len(document.text_before_cursor) + c.start_position:]]
        self.buffer.complete_state = CompletionState(original_document=document, completions=found) if found else None

    def complete_back(self) -> None:
        if self.buffer.complete_state is not None:
            self.buffer.complete_previous()

    def older(self) -> None:
        """Up: the line before in the menu, or the newest older line that starts like this one."""
        if self.buffer.complete_state is not None:
            self.buffer.complete_previous()
        else:
            self.buffer.history_backward()
            self.buffer.cursor_position = len(self.buffer.text)

    def newer(self) -> None:
        if self.buffer.complete_state is not None:
            self.buffer.complete_next()
        else:
            self.buffer.history_forward()
            self.buffer.cursor_position = len(self.buffer.text)

    # -- the grey suggestion ----------------------------------------------------------------------------------------

    def suggestion(self) -> str:
        """The rest of the newest line of the history that starts like this one; "" elsewhere than at the end of the line."""
        document = self.buffer.document
        busy = self.buffer.complete_state is not None or self.searching is not None
        if busy or not document.text or not document.is_cursor_at_the_end:
            return ""
        found = self.suggester.get_suggestion(self.buffer, document)
        return found.text if found is not None else ""

    def right(self) -> None:
        """Right: take the suggestion at the end of the line, else move."""
        rest = self.suggestion()
        if rest:
            self._change(lambda: self.buffer.insert_text(rest))
        else:
            self.buffer.cursor_right()

    def line_end(self) -> None:
        rest = self.suggestion()
        if rest:
            self._change(lambda: self.buffer.insert_text(rest))
        self.buffer.cursor_position = len(self.buffer.text)

    # -- moving and killing -----------------------------------------------------------------------------------------

    def word_left(self) -> None:
        self.buffer.cursor_position += self.buffer.document.find_previous_word_beginning() or 0

    def word_right(self) -> None:
        end = self.buffer.document.find_next_word_ending()
        self.buffer.cursor_position = len(self.buffer.text) if end is None else self.buffer.cursor_position + end

    def _kill_before(self, count: int) -> None:
        if count > 0:
            self._change(lambda: self.clipboard.set_data(ClipboardData(self.buffer.delete_before_cursor(count))))

    def _kill_after(self, count: int) -> None:
        if count > 0:
            self._change(lambda: self.clipboard.set_data(ClipboardData(self.buffer.delete(count))))

    def kill_word(self) -> None:
        """Ctrl-W: back to the blank before the word."""
        self._kill_before(-(self.buffer.document.find_start_of_previous_word(WORD=True) or -self.buffer.cursor_position))

    def kill_small_word(self) -> None:
        """Alt-Backspace: back over one word of letters."""
        self._kill_before(-(self.buffer.document.find_start_of_previous_word() or -self.buffer.cursor_position))

    def kill_next_word(self) -> None:
        self._kill_after(self.buffer.document.find_next_word_ending() or len(self.buffer.document.text_after_cursor))

    def yank(self) -> None:
        self._change(lambda: self.buffer.paste_clipboard_data(self.clipboard.get_data()))

    def yank_older(self) -> None:
        """Alt-Y after Ctrl-Y: what was killed before that."""
        before = self.buffer.document_before_paste
        if before is not None:
            self.buffer.document = before
            self.clipboard.rotate()
            self.buffer.paste_clipboard_data(self.clipboard.get_data())

    def last_argument(self) -> None:
        self.buffer.yank_last_arg()

    # -- searching the history --------------------------------------------------------------------------------------

    def search(self) -> None:
        """Ctrl-R: search backwards while the text is typed."""
        self.searching = SearchState(text="", direction=SearchDirection.BACKWARD)
        self._search_from = self.buffer.text

    def _search_key(self, key: str, character: str | None) -> Typed | None:
        """A key while searching; None ends the search and lets the line handle the key."""
        search = self.searching
        assert search is not None
        if key in ("ctrl+r", "up"):
            self.buffer.apply_search(search, include_current_position=False)
        elif key in ("ctrl+s", "down"):
            self.buffer.apply_search(SearchState(search.text, SearchDirection.FORWARD), include_current_position=False)
        elif key in ("backspace", "ctrl+h"):
            search.text = search.text[:-1]
            self._find()
        elif key in ("escape", "ctrl+g"):
            text = self._search_from if key == "ctrl+g" else self.buffer.text
            self.buffer.clear()
            self.buffer.insert_text(text)
            self.searching = None
        elif character is not None and character.isprintable() and not key.startswith(("ctrl+", "alt+")):
            search.text += character
            self._find()
        else:
            self.searching = None
            return None
        return Typed(EDITED)

    def _find(self) -> None:
        """Search again from the newest line."""
        search = self.searching
        assert search is not None
        self.buffer.clear()
        if search.text:
            self.buffer.apply_search(search)


def _printable(text: str) -> str:
    return "".join(letter for letter in text.replace("\t", " ") if letter.isprintable())


KEYS: Final[dict[str, Callable[[LineEditor], object]]] = {
    "tab": LineEditor.complete,
    "shift+tab": LineEditor.complete_back,
    "up": LineEditor.older, "ctrl+p": LineEditor.older,
    "down": LineEditor.newer, "ctrl+n": LineEditor.newer,
    "left": lambda c: c.buffer.cursor_left(), "ctrl+b": lambda c: c.buffer.cursor_left(),
    "right": LineEditor.right, "ctrl+f": LineEditor.right,
    "home": lambda c: setattr(c.buffer, "cursor_position", 0), "ctrl+a": lambda c: setattr(c.buffer, "cursor_position", 0),
    "end": LineEditor.line_end, "ctrl+e": LineEditor.line_end,
    "ctrl+left": LineEditor.word_left, "alt+b": LineEditor.word_left, "alt+left": LineEditor.word_left,
    "ctrl+right": LineEditor.word_right, "alt+f": LineEditor.word_right, "alt+right": LineEditor.word_right,
    "backspace": lambda c: c._change(c.buffer.delete_before_cursor), "ctrl+h": lambda c: c._change(c.buffer.delete_before_cursor),
    "delete": lambda c: c._change(c.buffer.delete), "ctrl+d": lambda c: c._change(c.buffer.delete),
    "ctrl+w": LineEditor.kill_word,
    "alt+backspace": LineEditor.kill_small_word, "ctrl+backspace": LineEditor.kill_small_word,
    "alt+d": LineEditor.kill_next_word, "ctrl+delete": LineEditor.kill_next_word,
    "ctrl+u": lambda c: c._kill_before(c.buffer.cursor_position),
    "ctrl+k": lambda c: c._kill_after(len(c.buffer.document.text_after_cursor)),
    "ctrl+y": LineEditor.yank, "alt+y": LineEditor.yank_older,
    "ctrl+t": lambda c: c._change(c.buffer.swap_characters_before_cursor),
    "ctrl+underscore": lambda c: c.buffer.undo(), "ctrl+slash": lambda c: c.buffer.undo(),
    "alt+full_stop": LineEditor.last_argument, "alt+underscore": LineEditor.last_argument, "f4": LineEditor.last_argument,
    "ctrl+r": LineEditor.search,
}
