"""What the processor did: typed events, past participles, in the order in which it happened.

Numbers are plain ints: addresses in bytes, `cpu` the index of the logical processor, tags as the manuals number them.
"""

from __future__ import annotations

from typing import NamedTuple

from kvmdbg.machine.hw.tlbkey import TlbKey


class Referenced(NamedTuple):
    """One memory reference of a page walk: a paging-structure entry was read (SDM Vol. 3A 4.5, Vol. 3C 29.3)."""

    cpu: int
    structure: str    # "guest" (guest or host paging structures) or "ept"
    level: int        # 5 PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE
    pa: int           # host-physical address of the entry
    value: int        # its 64 bits; 32 in 32-bit paging


class Hit(NamedTuple):
    """A cached translation was used (SDM Vol. 3C 29.4.2, A.3)."""

    cpu: int
    key: TlbKey
    access: str       # "read", "write" or "fetch"
    address: int      # linear address, or guest-physical address for a guest-physical mapping


class Accessed(NamedTuple):
    """A load, store or fetch completed at a host-physical address."""

    cpu: int
    access: str
    la: int           # linear address
    pa: int           # host-physical address
    value: int        # the 64 bits read or written


class Invalidated(NamedTuple):
    """An operation is about to remove cached translations; the removals are the entries that follow it."""

    cpu: int
    by: str           # "invvpid", "invept", "invlpg", "invpcid", "mov cr3", "mov cr4", "mov cr0", "vm entry", "vm exit", "vmfunc",
                      # "#pf", "ept violation"
    type: str         # "individual-address", "single-context", "all-context", "single-context-retaining-globals",
                      # and INVPCID's "all-context-including-globals"; "" where there is none
    vpid: int         # -1 where the operation names none
    pcid: int         # -1: all or none
    ep4ta: int        # EPTP bits 51:12; -1: all or none
    address: int      # -1 where it names none
    dropped: tuple[TlbKey, ...]


class LeftOut(NamedTuple):
    """What if: a removal of cached translations was not executed, because Hardware.left_out names this position."""

    cpu: int
    by: str           # as in Invalidated
    type: str


class Evicted(NamedTuple):
    """The TLB was full: the oldest entry makes room."""

    cpu: int
    key: TlbKey


class Faulted(NamedTuple):
    """A fault was raised for the software that is running.  Vectored follows where it has an IDT; else its handler is taken to go
    on behind the instruction."""

    cpu: int
    vector: str       # "#UD", "#GP", "#PF"
    error_code: int
    address: int      # CR2 for #PF, else 0


class VmEntered(NamedTuple):
    """A VM entry completed: the guest of this VMCS runs (SDM Vol. 3C 26/27)."""

    cpu: int
    vmcs: int         # physical address of the VMCS region
    vpid: int         # current VPID from now on (0 when "enable VPID" is 0)
    eptp: int         # 0 when "enable EPT" is 0


class VmEntryFailed(NamedTuple):
    """A VM entry failed: VMfail, or exit 33/34 with bit 31."""

    cpu: int
    vmcs: int
    error: int        # VM-instruction error number, or the exit reason with bit 31
    check: str        # which check, with the field's name and its value and the manual's section


class Delivered(NamedTuple):
    """An event reached the running guest: from the VM-entry interruption-information field (SDM Vol. 3C 26.5), or because
    no control made it a VM exit. Vectored follows where the guest has an IDT; else its handler is taken to return at once."""

    cpu: int
    vector: int
    type: int         # interruption type: 0 external, 2 NMI, 3 hardware exception, 4 and 6 software, 5 privileged, 7 MTF
    error_code: int   # 0 where none is delivered


class Vectored(NamedTuple):
    """An event went through the IDT: the frame is on the stack, and RIP is at the handler (SDM Vol. 3A 6.14)."""

    cpu: int
    vector: int
    handler: int      # linear address


class Raised(NamedTuple):
    """An interrupt or NMI was offered to a logical processor; it waits until the processor takes it (SDM Vol. 3A 10.8.4)."""

    cpu: int
    vector: int       # 16..255; 2 for an NMI
    type: int         # 0 external interrupt, 2 NMI


class Taken(NamedTuple):
    """The host handled an interrupt or NMI: from its own IDT, or with the vector that a VM exit acknowledged."""

    cpu: int
    vector: int
    type: int         # as in Raised


class Posted(NamedTuple):
    """A notification brought posted interrupts to the guest: they are pending virtual interrupts now (SDM Vol. 3C 29.6)."""

    cpu: int
    vectors: tuple[int, ...]


class VmExited(NamedTuple):
    """A VM exit (SDM Vol. 3C 27/28); the host of this VMCS runs from now on."""

    cpu: int
    vmcs: int
    reason: int       # basic exit reason; E.3
    qualification: int


class Completed(NamedTuple):
    """A VMX instruction ended with VMsucceed, VMfailValid or VMfailInvalid (architecture.md D)."""

    cpu: int
    instruction: str
    outcome: str      # "VMsucceed", "VMfailValid", "VMfailInvalid"
    error: int        # VM-instruction error, 0 where there is none


class Retired(NamedTuple):
    """An instruction of the running software completed."""

    cpu: int
    text: str
