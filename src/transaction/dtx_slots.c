/*
 * dtx_slots.c
 *		Shared memory: two-phase commits in progress, and which databases
 *		recovery should look at.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "transaction/dtx_slots.h"
#include "utils/timestamp.h"

/* Databases that can be noted at once; more are found by the full scan. */
#define MAX_DATABASES 64

typedef struct DtxSlot
{
	int			pid;			/* 0 = free */
	uint64		number;			/* 0 = none in progress */
}			DtxSlot;

typedef struct DtxShared
{
	pg_atomic_uint64 last_number;
	LWLock	   *lock;			/* protects all below */
	Latch	   *launcher_latch;
	bool		scan_all;		/* the notes did not suffice, or we just started */
	bool		pass_complete;	/* the last pass left nothing */
	Oid			notes[MAX_DATABASES];	/* InvalidOid = free */
	int			nslots;
	DtxSlot		slots[FLEXIBLE_ARRAY_MEMBER];
}			DtxShared;

#define TRANCHE_NAME "shardlite dtx"

static DtxShared *shared;
static DtxSlot *my_slot;

static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

/* Every process that can run a transaction. */
static int
slot_count(void)
{
	return MaxBackends;
}

static Size
shared_size(void)
{
	return add_size(offsetof(DtxShared, slots), mul_size(slot_count(), sizeof(DtxSlot)));
}

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(shared_size());
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

static void
startup_shmem(void)
{
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("shardlite dtx", shared_size(), &found);
	if (!found)
	{
		memset(shared, 0, shared_size());
		/* Microseconds: no server makes more transactions than that. */
		pg_atomic_init_u64(&shared->last_number, (uint64) GetCurrentTimestamp());
		shared->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		shared->nslots = slot_count();
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
free_my_slot(int code, Datum arg)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	my_slot->number = 0;
	my_slot->pid = 0;
	LWLockRelease(shared->lock);
}

static void
claim_slot(void)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < shared->nslots && my_slot == NULL; i++)
	{
		if (shared->slots[i].pid == 0)
		{
			my_slot = &shared->slots[i];
			my_slot->pid = MyProcPid;
		}
	}
	LWLockRelease(shared->lock);
	if (my_slot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("no free slot for a distributed transaction")));
	/* Later than the abort of what may still be open then. */
	on_shmem_exit(free_my_slot, (Datum) 0);
}

uint64
dtx_slot_begin(void)
{
	uint64		number;

	if (my_slot == NULL)
		claim_slot();
	number = pg_atomic_add_fetch_u64(&shared->last_number, 1);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	my_slot->number = number;
	LWLockRelease(shared->lock);
	return number;
}

/* Note the database; the caller holds the lock. */
static void
note_database(Oid database)
{
	int			free_note = -1;

	for (int i = 0; i < MAX_DATABASES; i++)
	{
		if (shared->notes[i] == database)
			return;
		if (!OidIsValid(shared->notes[i]))
			free_note = i;
	}
	if (free_note >= 0)
		shared->notes[free_note] = database;
	else
		shared->scan_all = true;
}

void
dtx_slot_end(bool complete)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	my_slot->number = 0;
	note_database(MyDatabaseId);
	if (!complete && shared->launcher_latch != NULL)
		SetLatch(shared->launcher_latch);
	LWLockRelease(shared->lock);
}

void
dtx_slots_note_database(Oid database)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	note_database(database);
	LWLockRelease(shared->lock);
}

bool
dtx_slot_is_active(int pid, uint64 number)
{
	bool		active = false;

	LWLockAcquire(shared->lock, LW_SHARED);
	for (int i = 0; i < shared->nslots && !active; i++)
		active = shared->slots[i].pid == pid && shared->slots[i].number == number;
	LWLockRelease(shared->lock);
	return active;
}

Oid
dtx_slots_next_database(void)
{
	Oid			database = InvalidOid;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAX_DATABASES && !OidIsValid(database); i++)
	{
		database = shared->notes[i];
		shared->notes[i] = InvalidOid;
	}
	LWLockRelease(shared->lock);
	return database;
}

bool
dtx_slots_take_scan_all(void)
{
	bool		scan_all;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	scan_all = shared->scan_all;
	shared->scan_all = false;
	LWLockRelease(shared->lock);
	return scan_all;
}

void
dtx_slots_set_pass_complete(bool complete)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->pass_complete = complete;
	LWLockRelease(shared->lock);
}

bool
dtx_slots_pass_complete(void)
{
	bool		complete;

	LWLockAcquire(shared->lock, LW_SHARED);
	complete = shared->pass_complete;
	LWLockRelease(shared->lock);
	return complete;
}

static void
unregister_launcher(int code, Datum arg)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->launcher_latch = NULL;
	LWLockRelease(shared->lock);
}

void
dtx_slots_register_launcher(void)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->launcher_latch = MyLatch;
	shared->scan_all = true;
	LWLockRelease(shared->lock);
	before_shmem_exit(unregister_launcher, (Datum) 0);
}

void
dtx_slots_init(void)
{
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}
