// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm_traps - hidden means gone: registers and instructions of the features
 * that a protected VM does not have. What it has is tested by pkvm_runs.
 *
 * Audit map: case -> rule
 *
 *  hidden FEAT: REG	reads and writes at EL1, and at EL0 where the feature has
 *			EL0 access, are UNDEF as on hardware without FEAT: EC 0
 *			with IL; for reads of the ID space (GMID_EL1, SMIDR_EL1,
 *			CCSIDR2_EL1) EC 0x18 with the ISS where the VM has IDS
 *  hidden FEAT: insn	UNDEF, EC 0 with IL
 *  no PAuth, no GIC	the same for VMs that were created without
 *  raz-wi REG		the debug and RAS registers that an unmodified guest
 *			touches read as documented, writes are ignored
 *  host		the host's own registers are what they were
 *
 * Rules: Arm ARM; contract, principles 5 and 7, sections 3, 4 and 5. What
 * cannot be trapped is listed in pkvm_trap_list.h.
 */
#include "guest_probe.h"
#include "host_state.h"
#include "kselftest.h"
#include "pkvm_check.h"
#include "pkvm_insn_list.h"
#include "pkvm_trap_list.h"

static struct vm_id id;
static bool host_has_pauth;

/*
 * Does an ordinary VM, whose traps KVM emulates as RAZ/WI, get an UNDEF? Then
 * it is the CPU's own, and no trap comes before it.
 */
static bool undef_by_itself(u32 insn)
{
	const struct probe_cfg cfg = { .unprotected = true };
	struct probe *p = probe_create(&cfg);
	struct probe_out out;
	struct probe_in in;
	bool undef;

	init_in(p, PROBE_EL1H, &in);
	undef = !probe_run(p, PROBE_PAGE_EL1, &insn, 1, &in, &out) &&
		out.esr == PROBE_UNDEF_ESR;
	probe_free(p);
	return undef;
}

static void test_hidden_regs(struct probe *p, const struct hidden_reg *r,
			     unsigned int nr, const char *vm)
{
	u64 read_esr;
	bool ok;

	for (; nr--; r++) {
		read_esr = r->flags & T_IDS && id_field(&id, 0x72, 36) ?
			   probe_trap_esr(PROBE_MRS(r->reg, RT)) : PROBE_UNDEF_ESR;
		if (r->flags & T_SRE && !undef_by_itself(PROBE_MRS(r->reg, RT))) {
			ksft_test_result_skip("%s %s: %s: ICC_SRE_EL2.Enable is RAO on this CPU\n",
					      vm, r->feature, r->name);
			continue;
		}
		ok = refused(p, PROBE_EL1H, PROBE_MRS(r->reg, RT), 0, read_esr, "read");
		ok &= refused(p, PROBE_EL1H, PROBE_MSR(r->reg, RT), 0,
			      PROBE_UNDEF_ESR, "write");
		if (r->flags & T_EL0) {
			ok &= refused(p, PROBE_EL0T, PROBE_MRS(r->reg, RT), 0,
				      PROBE_UNDEF_ESR, "read");
			ok &= refused(p, PROBE_EL0T, PROBE_MSR(r->reg, RT), 0,
				      PROBE_UNDEF_ESR, "write");
		}
		ksft_test_result(ok, "%s %s: %s\n", vm, r->feature, r->name);
	}
}

static void test_hidden_insns(struct probe *p, const struct hidden_insn *h,
			      unsigned int nr, u64 sctlr, const char *vm)
{
	bool ok;

	for (; nr--; h++) {
		ok = refused(p, PROBE_EL1H, h->insn, sctlr, PROBE_UNDEF_ESR, h->name);
		if (h->el0)
			ok &= refused(p, PROBE_EL0T, h->insn, sctlr,
				      PROBE_UNDEF_ESR, h->name);
		ksft_test_result(ok, "%s %s: %s\n", vm, h->feature, h->name);
	}
}

static bool raz_access(struct probe *p, const struct raz_reg *r, u64 m)
{
	u32 mrs = PROBE_MRS(r->reg, RT), msr = PROBE_MSR(r->reg, RT);
	struct probe_out out;
	struct probe_in in;
	bool ok = true;

	init_in(p, m, &in);
	in.x[RT] = ~0UL;
	if (r->write) {
		ok &= completes(p, m, &msr, 1, &in, &out);
		ok &= value_is("X5 after the write", out.x[RT], ~0UL);
	}
	if (r->read) {
		ok &= completes(p, m, &mrs, 1, &in, &out);
		ok &= value_is("the register", out.x[RT], r->value);
	}
	return ok;
}

static void test_raz_regs(struct probe *p)
{
	const struct raz_reg *r;
	bool ok;

	for (r = raz_regs; r < raz_regs + ARRAY_SIZE(raz_regs); r++) {
		if (r->ras && !id_field(&id, 0x40, 28)) {
			ok = refused(p, PROBE_EL1H, PROBE_MRS(r->reg, RT), 0,
				     PROBE_UNDEF_ESR, "read") &
			     refused(p, PROBE_EL1H, PROBE_MSR(r->reg, RT), 0,
				     PROBE_UNDEF_ESR, "write");
			ksft_test_result(ok, "no RAS: %s is UNDEF\n", r->name);
			continue;
		}
		if (r->ras && undef_by_itself(PROBE_MRS(r->reg, RT))) {
			ksft_test_result_skip("raz-wi %s: this CPU has no error records\n",
					      r->name);
			continue;
		}
		ok = raz_access(p, r, PROBE_EL1H);
		if (r->el0)
			ok &= raz_access(p, r, PROBE_EL0T);
		ksft_test_result(ok, "raz-wi %s\n", r->name);
	}
}

static void test_full_vm(void)
{
	const struct probe_cfg cfg = { .pauth = host_has_pauth, .vgic = true };
	struct probe *p = probe_create(&cfg);

	probe_read_id_regs(p, 0, id.reg);
	test_hidden_regs(p, hidden_regs, ARRAY_SIZE(hidden_regs), "hidden");
	test_hidden_insns(p, hidden_insns, ARRAY_SIZE(hidden_insns), 0, "hidden");
	test_raz_regs(p);
	probe_free(p);
}

static void test_bare_vm(void)
{
	const struct probe_cfg cfg = {};
	struct probe *p = probe_create(&cfg);

	test_hidden_regs(p, pauth_regs, ARRAY_SIZE(pauth_regs), "no");
	test_hidden_insns(p, pauth_insns, ARRAY_SIZE(pauth_insns), SCTLR_PAUTH, "no");
	test_hidden_regs(p, gic_regs, ARRAY_SIZE(gic_regs), "no");
	probe_free(p);
}

int main(void)
{
	ksft_print_header();
	probe_require_protected();
	ksft_set_plan(ARRAY_SIZE(hidden_regs) + ARRAY_SIZE(hidden_insns) +
		      ARRAY_SIZE(raz_regs) + ARRAY_SIZE(pauth_regs) +
		      ARRAY_SIZE(pauth_insns) + ARRAY_SIZE(gic_regs) + HOST_STATE_TESTS);

	host_has_pauth = kvm_check_cap(KVM_CAP_ARM_PTRAUTH_ADDRESS);
	host_state_save();
	test_full_vm();
	test_bare_vm();
	host_state_report();

	ksft_finished();
}
