"""What an ioctl returns: nothing, or the name of an error (errno.h)."""

from __future__ import annotations

from typing import Final

OK: Final = ""
EINVAL: Final = "EINVAL"
EFAULT: Final = "EFAULT"
