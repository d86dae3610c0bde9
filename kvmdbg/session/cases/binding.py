"""What the symbolic words of a case stand for: one fixed address or number each, so that every run is the same.

`V` is a linear address, `P1` and `G` guest-physical ones, `region` and `A` VMCS regions, `MAXPHYADDR` a property of the
processor. Expressions such as `1 << MAXPHYADDR`, `region | 0xff`, `N+1`, `~0` are worked out.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.delivery import DR6_RESET
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config

MASK64: Final = (1 << 64) - 1

# L1's guest-physical memory, as the harness lays it out. L1 maps what it touches at the same linear address.
VMXON_REGION: Final = 0x10_0000
VMCS_A: Final = 0x10_1000
VMCS_B: Final = 0x10_2000
VMCS_C: Final = 0x10_3000
DESCRIPTOR: Final = 0x10_4000        # operand of INVVPID and INVEPT
UNMAPPED: Final = 0x7FFF_F000        # a linear address that no table maps
FRAME_OLD: Final = 0x20_0000         # where V points first
FRAME_NEW: Final = 0x20_1000         # where it points after `-> other frame`
MARK_OLD: Final = 0x0D0D             # what these two frames hold
MARK_NEW: Final = 0x4E4E
L1_ROOT: Final = 0x38_0000           # L1's PML4 where a case puts something at 0x1000, at which it boots
L2_ROOT: Final = 0x30_0000           # L2's PML4
PDPT_UNDER_B: Final = 0x31_0000      # the PDPTEs of an L2 in PAE paging under the second EPTP of a list
COPIES_UNDER_B: Final = 0x32_0000    # and its lower tables
EPT_ROOT: Final = 0x40_0000          # L1's EPT PML4 for L2
OTHER_EPT_ROOT: Final = 0x48_0000    # the second one of an EPTP list
EPTP_LIST: Final = 0x10_5000
VIRTUAL_APIC: Final = 0x10_6000       # the virtual-APIC page
SHADOW_VMCS: Final = 0x10_7000        # L2's shadow VMCS, and the two bitmaps of VMCS shadowing
VMREAD_BITMAP: Final = 0x10_8000
VMWRITE_BITMAP: Final = 0x10_9000
MSR_BITMAP: Final = 0x10_A000        # L1's MSR bitmaps: nothing is written there, so every bit is 0
PAGE_SHIFT: Final = 12               # the alignment that a case means: every one of them is about pages
MARK_A: Final = 0xFA                 # what P holds under EPTP A, and under B
MARK_B: Final = 0xFB
LINEAR_V: Final = 0x40_0000_0000     # V: far from everything else, alone under its tables
PML5: Final = 0x39_0000              # a PML5 whose first entry names L1's PML4
PTR1: Final = 0x1234_8000_0000       # ptr1 to ptr4: 2 MiB and 1 GiB apart, below two entries of one table
GPA_P1: Final = 0x60_0000
NON_CANONICAL: Final = 0xAAAA_AAAA_AAAA_AAAA
MSR_AREA: Final = 0x70_0000          # `base` of an MSR area
CR3_TARGETS: Final = 0               # VMX_MISC bits 24:16 as KVM reports them to L1: it keeps of VMX_MISC "store LMA" alone
MSR_LIST_MAX: Final = 512            # 512 * (VMX_MISC bits 27:25 + 1)

DEBUG_BITS: Final = {        # of DR6, of pending debug exceptions, of a #DB's exit qualification (SDM Vol. 3B 17.2.3, 3C 24.4.2)
    **{f"{name}{number}": 1 << number for name in ("B", "TRAP", "DR6_TRAP") for number in range(4)},
    **{f"{prefix}{name}": 1 << bit for prefix in ("", "DR6_") for name, bit in (("BD", 13), ("BS", 14), ("BT", 15), ("RTM", 16))},
    "PENDING_DBG_TRAP": 1 << 12, "ACTIVE_LOW": DR6_RESET, "DR6_ACTIVE_LOW": DR6_RESET,
}
COUNTS: Final = ("N", "max")         # symbols that say how many of something there are

_SYMBOLS: Final[Mapping[str, int]] = {
    **DEBUG_BITS,
    "V": LINEAR_V, "P1": GPA_P1, "P": GPA_P1, "G": 1 << 39, "region": VMCS_A, "A": VMCS_A, "B": VMCS_B, "C": VMCS_C,
    "N": CR3_TARGETS, "max": MSR_LIST_MAX,
    **{f"ptr{i}": PTR1 + offset for i, offset in enumerate((0, 0x20_0000, 0x4000_0000, 0x4020_0000), 1)},
}
_PHRASES: Final[Mapping[str, int]] = {
    "the VMXON region": VMXON_REGION, "a valid region": VMCS_A, "the current VMCS": VMCS_A,
    "the alignment": PAGE_SHIFT, "the end of RAM": Config().memory.bit_length() - 2, "unmapped": UNMAPPED,
    **dict.fromkeys(("non-canonical", "a non-canonical address"), NON_CANONICAL),
    "canonical for 48 bits": 1 << 46, "canonical for 57 bits only": 1 << 48,
    "non-canonical for 57 bits": 1 << 57, **{f"base with bit {bit} set": MSR_AREA | 1 << bit for bit in range(12)},
}
_BINARY: Final[Mapping[type, Callable[[int, int], int]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor, ast.LShift: lambda a, b: a << min(b, 128), ast.RShift: lambda a, b: a >> min(b, 128),
}
_UNARY: Final[Mapping[type, Callable[[int], int]]] = {ast.Invert: operator.invert, ast.USub: operator.neg, ast.UAdd: operator.pos}


class Binding:
    """The numbers behind the words of one instance."""

    def __init__(self, caps: Caps, phrases: Mapping[str, Callable[[], int]] | None = None,
                 symbols: Mapping[str, int] | None = None) -> None:
        """phrases: words whose number only the running instance knows; symbols: names that mean something else there."""
        self._differences = False            # may a difference be less than 0? Of addresses and counts that is a slip
        self._symbols = {**_SYMBOLS, "MAXPHYADDR": caps.maxphyaddr, "TOP": 1 << caps.maxphyaddr, **(symbols or {})}
        self._phrases: Mapping[str, Callable[[], int]] = {
            **{name: lambda value=value: value for name, value in _PHRASES.items()}, **(phrases or {})}  # type: ignore[misc]

    def number(self, text: str) -> int:
        """The value of a number, a symbol, a phrase or an expression of these.

        raises: Unsupported with the word that has no meaning here.
        """
        stripped = text.strip().removeprefix("<").removesuffix(">").strip()
        if stripped in self._phrases:
            return self._phrases[stripped]()
        try:
            tree = ast.parse(stripped, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise Unsupported(f"{stripped}: no number") from None
        return self._value(tree, stripped)

    def number64(self, text: str) -> int:
        """As number(), as 64 bits: a negative one is sign-extended."""
        return self.number(text) & MASK64

    def signed64(self, text: str) -> int:
        """As number64(), where a difference may be less than 0: values of counters."""
        self._differences = True
        try:
            return self.number64(text)
        finally:
            self._differences = False

    def _value(self, node: Any, text: str) -> int:
        match node:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                return value
            case ast.Name(id=name) if name in self._symbols:
                return self._symbols[name]
            case ast.Name(id=name):
                raise Unsupported(f"{name}: no symbol with a value here")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                shifts = isinstance(op, (ast.LShift, ast.RShift))
                a, b = self._value(left, text), self._value(right, text)
                if shifts and b < 0:
                    raise Unsupported(f"{text}: no number")
                if isinstance(op, ast.Sub) and 0 <= a < b and not self._differences:
                    if isinstance(left, ast.Name) and left.id in COUNTS:
                        return 0                       # no count is less: a test that goes up to N begins there
                    raise Unsupported(f"{text}: less than 0 here")
                return _BINARY[type(op)](a, b)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return _UNARY[type(op)](self._value(operand, text))
        raise Unsupported(f"{text}: no number")
