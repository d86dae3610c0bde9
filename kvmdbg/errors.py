"""How anything here complains: what was wrong, where, and what would be right."""

from __future__ import annotations


class KvmdbgError(Exception):
    """Base of every error that kvmdbg raises on purpose."""


class UserError(KvmdbgError):
    """A person's mistake: one clear line and, where there is one, a hint. Never shown with a traceback."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}  {self.hint}" if self.hint else self.message


class Unsupported(UserError):
    """Something real that the model lacks; `info model` lists it. Never a silent no-op."""


class ExpectationFailed(UserError):
    """An `expect` line that does not hold."""


class ScriptError(UserError):
    """A UserError with the place in a script: `file:line: message`."""

    def __init__(self, file: str, line: int, cause: UserError) -> None:
        super().__init__(f"{file}:{line}: {cause.message}", cause.hint)
        self.file = file
        self.line = line
        self.cause = cause


class ModelBug(KvmdbgError):
    """An invariant of kvmdbg itself broke. Carries the tape position, for a replay line."""

    def __init__(self, message: str, position: int = -1) -> None:
        where = f" at #{position}" if position >= 0 else ""
        super().__init__(message if message.startswith("kvmdbg is wrong") else f"kvmdbg is wrong{where}: {message}")
        self.position = position
