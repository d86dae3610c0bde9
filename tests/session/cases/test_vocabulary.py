"""Every word of the language is known: it is done, or refused with a reason."""

from __future__ import annotations

import pytest

from kvmdbg.session.cases import fact, vocabulary, words
from kvmdbg.session.cases.operation import OPERATIONS

# README of the format, "Steps": the words of the table of operations.
WORDS = """vmxon vmxoff vmclear vmptrld vmptrst vmread vmwrite vmlaunch vmresume vmrun vmcall vmmcall vmload vmsave stgi clgi
    invlpga invvpid invept invpcid vmfunc invlpg mov wrmsr rdmsr cpuid sti cli hlt rsm load store fetch fetch_user pte_set ept_set
    npt_set hypercall set_nested_state get_nested_state save restore make_request check_request test_request kick inject""".split()
OUTCOMES = """VMsucceed VMfailValid VMfailInvalid VMfail fault no_fault runs controls_ok entered entry_failure vmexit svm_exit
    hv_status KVM_EXIT_SHUTDOWN ok EINVAL EFAULT EINTR EPERM""".split()
KEYS = """error vector error_code reason exit_reason qualification gpa rip length intr_info exit_code info1 info2 status translation
    value value_one_of values never outcome_one_of error_one_of flags request flush flushed not_flushed kept_roots dropped_roots
    refilled kept l2_instructions qualification_has error_code_has pending_debug_has delivered handler_runs event effect rule_order
    order""".split()


@pytest.mark.parametrize("word", WORDS)
def test_every_operation_is_done_or_refused_with_a_reason(word: str) -> None:
    assert words and (word in OPERATIONS) != (word in vocabulary.OPERATIONS)


@pytest.mark.parametrize("word", OUTCOMES)
def test_every_outcome_is_compared_or_refused_with_a_reason(word: str) -> None:
    assert (word in fact.OUTCOMES) != (word in vocabulary.OUTCOMES)


@pytest.mark.parametrize("word", KEYS)
def test_every_key_is_compared_or_refused_with_a_reason(word: str) -> None:
    known = word in vocabulary.KEYS or word.startswith(vocabulary.RULE)
    assert (word in fact.KEYS) != known


def test_refusals_name_the_word() -> None:
    assert str(vocabulary.refuse_operation("hypercall")) == "hypercall: Hyper-V is not modelled"
    assert str(vocabulary.refuse_operation("vmcb.asid")) == "vmcb.asid: AMD is not modelled"
    assert str(vocabulary.refuse_operation("frobnicate")) == "frobnicate: no operation that the runner knows"
    assert str(vocabulary.refuse_outcome("svm_exit")) == "svm_exit: AMD is not modelled"
    assert str(vocabulary.refuse_outcome("KVM_EXIT_HLT")) == (
        "KVM_EXIT_HLT: what user space does to a VM is not bound to the model yet")
    assert str(vocabulary.refuse_outcome("glory")) == "glory: no outcome that the runner knows"
    assert str(vocabulary.refuse_key("status")) == "status: Hyper-V is not modelled"
    assert str(vocabulary.refuse_key("rule_1")) == "rule_1: a rule in words cannot be compared"
    assert str(vocabulary.refuse_key("colour")) == "colour: no key that the runner compares"
