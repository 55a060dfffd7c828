/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark and its guest agree on.
 */
#ifndef PKVM_BENCH_H
#define PKVM_BENCH_H

/* The page that no memory backs, by offset. */
#define MMIO_GPA	0x0a000000
#define MMIO_GET	0x00	/* read: the next word from the VMM */
#define MMIO_PUT	0x08	/* write: a word for the VMM */
#define MMIO_UNMAP	0x10	/* write: take the page of data away */
#define MMIO_DIED	0x18	/* write: ESR_EL1 of an exception of no loop */
#define MMIO_READ	0x20	/* read: nothing */

#define DATA_GPA	0x50000000
#define GICD_GPA	0x08000000

/* The loop of one of the ID registers, of which there are 56. */
#define ID_SIZE		64
#define NR_IDS		56

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const uint8_t bench_guest_start[], bench_guest_end[];

extern const uint8_t bench_id[];
extern const uint8_t bench_empty[], bench_hvc[], bench_read_pmcr[];
extern const uint8_t bench_read_dbgbvr0[], bench_write_dbgbvr0[];
extern const uint8_t bench_write_mdscr[], bench_read_clidr[];
extern const uint8_t bench_read_cntp_ctl[], bench_write_sgi1r[];
extern const uint8_t bench_read_gicd[], bench_read_user[], bench_wfi[];
extern const uint8_t bench_unmap[], bench_unmask[];
#endif

#endif /* PKVM_BENCH_H */
