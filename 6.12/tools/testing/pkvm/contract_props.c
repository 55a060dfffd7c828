// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the arithmetic over the rows promises whatever the policy is: to compute
 * again changes nothing, more from the host is never less for the VM, and the VM
 * has no more than the host. Each in the order that the architecture gives to
 * the values of the field.
 */

#include "contract_test.h"

bool test_idempotent(void)
{
	u64 host[PVM_ID_REG_NUM], vm[PVM_ID_REG_NUM], again[PVM_ID_REG_NUM];
	unsigned int i;
	int r;

	for (i = 0; i < 2000; i++) {
		struct vm_kind kind = kind_of(i % NR_KINDS);
		struct pvm_vm_features features = features_of(&kind);

		for (r = 0; r < PVM_ID_REG_NUM; r++)
			host[r] = random_u64();
		if (i % 2) {
			host[ISAR1] &= ~0xf0000f00ULL;
			host[ISAR2] &= ~0x0000ff00ULL;
		}
		pvm_id_regs_compute(vm, host, &features);
		pvm_id_regs_compute(again, vm, &features);
		if (memcmp(vm, again, sizeof(vm)))
			return false;
		/* In place, as the declaration allows. */
		pvm_id_regs_compute(host, host, &features);
		if (memcmp(vm, host, sizeof(vm)))
			return false;
	}

	return true;
}

static int number(int index, int nibble, unsigned int digit)
{
	return expected_signed(index, nibble) && digit >= 8 ? (int)digit - 16 : (int)digit;
}

/* What a VM reads in four bits of a register for each value of the host's. */
struct reading {
	int r, n;
	int vm[16];
	bool own;	/* the same for all of them: a value of its own */
};

static void read_nibble(struct reading *rd, const struct pvm_vm_view *view)
{
	int d;

	rd->own = true;
	for (d = 0; d < 16; d++) {
		u64 val = pvm_id_reg_value(rd->r, (u64)d << (4 * rd->n), view);

		rd->vm[d] = number(rd->r, rd->n, (val >> (4 * rd->n)) & 0xf);
		rd->own &= rd->vm[d] == rd->vm[0];
	}
}

static bool monotone(const struct reading *rd)
{
	int a, b;

	for (a = 0; a < 16; a++)
		for (b = 0; b < 16; b++)
			if (number(rd->r, rd->n, a) <= number(rd->r, rd->n, b) &&
			    rd->vm[a] > rd->vm[b])
				return false;

	return true;
}

static bool bounded(const struct reading *rd)
{
	int d;

	for (d = 0; d < 16; d++)
		if (!rd->own && rd->vm[d] > number(rd->r, rd->n, d))
			return false;

	return true;
}

static bool each_nibble(bool (*const check)(const struct reading *))
{
	unsigned int k;
	bool ok = true;

	for (k = 0; k < NR_KINDS; k++) {
		struct vm_kind kind = kind_of(k);
		struct pvm_vm_view view = { .met = kind.pauth ? 0xff : 1, .ipa_bits = kind.ipa };
		struct reading rd;

		view.met |= kind.vgic ? BIT(PVM_WITH_VGIC_V3) : 0;
		for (rd.r = 0; rd.r < PVM_ID_REG_NUM; rd.r++) {
			for (rd.n = 0; rd.n < NR_NIBBLES; rd.n++) {
				read_nibble(&rd, &view);
				if (check(&rd))
					continue;
				say("CRm=%d Op2=%d [%d:%d]", rd.r / 8 + 1, rd.r % 8,
				    4 * rd.n + 3, 4 * rd.n);
				ok = false;
			}
		}
	}

	return ok;
}

bool test_monotone(void)
{
	return each_nibble(monotone);
}

bool test_bounded(void)
{
	return each_nibble(bounded);
}
