"""How a person writes an instruction."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.instructions import INSTRUCTIONS, complete, parse_insn, usage
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.state import Insn

NAMES = ("clac", "cli", "cpuid", "div", "fep-hlt", "fep-nop", "fep-pause", "fetch", "fnop", "hlt", "in", "ins", "int", "int1",
         "int3", "into", "invept", "invlpg", "invpcid", "invvpid", "iret", "lidt", "load", "mov", "nop", "out", "outs",
         "pause", "pop", "popf", "rdmsr", "rdtsc", "rdtscp", "rsm", "stac", "sti", "store", "ud2", "vmcall", "vmclear",
         "vmfunc", "vmlaunch", "vmptrld", "vmptrst", "vmread", "vmresume", "vmwrite", "vmxoff", "vmxon", "wrmsr")


def test_the_catalogue() -> None:
    assert INSTRUCTIONS.names() == NAMES


@pytest.mark.parametrize(("text", "insn"), [
    ("mov cr3, 0x2000", Insn("mov", ("cr3", 0x2000), "mov cr3, 0x2000")),
    ("  MOV   rax,cr3 ", Insn("mov", ("rax", "cr3"), "mov rax, cr3")),
    ("store 0x401000 5", Insn("store", (0x40_1000, 5), "store 0x401000, 5")),
    ("vmread GUEST_CR3", Insn("vmread", (0x6802, None), "vmread GUEST_CR3")),
    ("vmread GUEST_CR3 @0x4000", Insn("vmread", (0x6802, Descriptor(0x4000, 0, 0)), "vmread GUEST_CR3, @0x4000")),
    ("vmwrite GUEST_CR3 0x4000", Insn("vmwrite", (0x6802, 0x4000), "vmwrite GUEST_CR3, 0x4000")),
    ("vmwrite GUEST_CR3 @0x4000", Insn("vmwrite", (0x6802, Descriptor(0x4000, 0, 0)), "vmwrite GUEST_CR3, @0x4000")),
    ("vmwrite 0x6802, -1", Insn("vmwrite", (0x6802, 0xFFFF_FFFF_FFFF_FFFF), "vmwrite 0x6802, -1")),
    ("vmxon 0x3000", Insn("vmxon", (Descriptor(None, 0x3000, 0),), "vmxon 0x3000", 4)),
    ("vmptrld @0x3000", Insn("vmptrld", (Descriptor(0x3000, 0, 0),), "vmptrld @0x3000")),
    ("vmptrst", Insn("vmptrst", (None,), "vmptrst")),
    ("invvpid single-context 9", Insn("invvpid", (1, Descriptor(None, 9, 0)), "invvpid single-context, 9", 5)),
    ("invvpid 0, 9, 0x401000", Insn("invvpid", (0, Descriptor(None, 9, 0x40_1000)), "invvpid 0, 9, 0x401000", 5)),
    ("invvpid single-context @0x7000", Insn("invvpid", (1, Descriptor(0x7000, 0, 0)), "invvpid single-context, @0x7000", 5)),
    ("invvpid all-context", Insn("invvpid", (2, Descriptor(None, 0, 0)), "invvpid all-context", 5)),
    ("invept single-context 0x701e", Insn("invept", (1, Descriptor(None, 0x701E, 0)), "invept single-context, 0x701e", 5)),
    ("invept all-context", Insn("invept", (2, Descriptor(None, 0, 0)), "invept all-context", 5)),
])
def test_parsing(text: str, insn: Insn) -> None:
    assert parse_insn(text) == insn


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_an_instruction_reads_back_as_itself(name: str) -> None:
    words = {"mov": "cr3 1", "cpuid": "1 ecx",
             "store": "1 2", "vmwrite": "guest_cr3 1", "vmread": "guest_cr3", "invvpid": "0 1 2", "invept": "2",
             "load": "1", "fetch": "1", "invlpg": "1", "vmclear": "@1", "vmptrld": "1", "vmxon": "1", "vmptrst": "@1",
             "invpcid": "0 1 2", "rdmsr": "IA32_EFER", "wrmsr": "0x277 1", "vmfunc": "0 1", "div": "1",
             "lidt": "0x1000 0xfff", "popf": "2", "in": "0x80", "int": "0x80", "ins": "0x80 1", "out": "0x80 1", "outs": "0x80 1"}
    insn = parse_insn(f"{name} {words.get(name, '')}")
    assert parse_insn(insn.text) == insn


@pytest.mark.parametrize(("text", "message", "hint"), [
    ("invplg 1", "there is no instruction 'invplg'", "Did you mean invlpg?"),
    ("xyzzy", "there is no instruction 'xyzzy'", "One of: clac, cli, cpuid, "),
    ("", "an instruction is missing", "One of: clac, cli, cpuid, "),
    ("load", "load: operand 1 (address) is missing: must be a number such as", "Write: load ADDRESS or load fs:OFFSET."),
    ("load abc", "load: operand 1 (address) is 'abc': must be a number such as", "Write: load ADDRESS or load fs:OFFSET."),
    ("invvpid single-contxt 9", "invvpid: operand 1 (INVVPID type) is 'single-contxt': must be individual-address, ",
     "Did you mean single-context?"),
    ("vmread GUEST_CR33", "vmread: operand 1 (VMCS field) is 'GUEST_CR33'", "Did you mean GUEST_CR3?"),
    ("nop 4", "nop: '4' is one operand too many", "Write: nop."),
    ("mov rax, 5", "mov: rax cannot be moved from 0x5", "Write: mov cr3, VALUE or mov rax, cr3 or mov ss, SELECTOR."),
    ("mov cr3, cr4", "mov: cr3 cannot be moved from cr4", "Write: mov cr3, VALUE or mov rax, cr3 or mov ss, SELECTOR."),
    ("invvpid 1", "invvpid: operand 2 (VPID) is missing", "Write: invvpid single-context 9, or invvpid all-context."),
    ("invvpid 0 @1 2", "invvpid: a descriptor in memory holds the linear address already", "Leave the third operand out."),
    ("invept 1", "invept: operand 2 (EPTP) is missing", "Write: invept single-context 0x701e, or invept all-context."),
])
def test_what_is_wrong_is_said_with_what_would_be_right(text: str, message: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_insn(text)
    assert caught.value.message.startswith(message)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(("text", "words"), [
    ("", list(NAMES)), ("inv", ["invept", "invlpg", "invpcid", "invvpid"]), ("VMR", ["vmread", "vmresume"]),
    ("vmread guest_cr", ["GUEST_CR0", "GUEST_CR3", "GUEST_CR4"]), ("invept ", ["single-context", "all-context"]),
    ("mov rax, ", ["cr0", "cr2", "cr3", "cr4"]), ("mov rax,cr", ["cr0", "cr2", "cr3", "cr4"]), ("nop ", []), ("xyzzy ", []),
    ("invept all-context 1 ", [])])
def test_completion(text: str, words: list[str]) -> None:
    assert complete(text) == words


def test_usage_lists_every_form() -> None:
    assert usage(INSTRUCTIONS["mov"]) == "Write: mov cr3, VALUE or mov rax, cr3 or mov ss, SELECTOR."
