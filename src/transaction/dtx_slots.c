/*
 * dtx_slots.c
 *		Shared memory: which distributed transactions backends of this server
 *		coordinate or work for, and what recovery has to look at.
 *
 * A transaction costs its coordinator one atomic increment and a few stores
 * here, and a node session some stores.  Only while one is running does the
 * launcher look at the slots from time to time.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "remote/connection.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "transaction/dtx_slots.h"
#include "utils/timestamp.h"

/* Databases that can be noted at once; more are found by the full scan. */
#define MAX_DATABASES 64

/*
 * One per process that can run a transaction, at the place of its PGPROC.
 * Only the owner writes, except for the text.
 */
typedef struct DtxSlot
{
	int			pid;			/* 0 = the owner has nothing to tell */
	DtxPhase	phase;
	pg_atomic_uint64 number;	/* of the dtx that it coordinates, 0 = none */
	TimestampTz started;
	uint32		wait;			/* changes with each wait for nodes; odd in one */
	int32		served_node;	/* of the session it works for; 0 = none */
	int			served_pid;
	pg_atomic_uint64 served_number; /* of that session's dtx; 0 = no block here */
	TimestampTz served_started;
	char		text[DTX_TEXT_MAX];
}			DtxSlot;

typedef struct DtxShared
{
	pg_atomic_uint64 last_number;
	Latch	   *launcher_latch;
	pg_atomic_uint32 watched;	/* the launcher looks after running transactions */
	LWLock	   *lock;			/* protects what follows, up to the slots */
	bool		scan_all;		/* the notes did not suffice, or we just started */
	bool		urgent;			/* a commit could not be completed */
	bool		pass_complete;	/* the last pass left nothing */
	Oid			notes[MAX_DATABASES];	/* InvalidOid = free */
	int			nslots;
	DtxSlot		slots[FLEXIBLE_ARRAY_MEMBER];
}			DtxShared;

struct DtxWatch
{
	uint64		number;
	uint64		lock_wait;		/* start of its wait for a lock; 0 = none */
	uint32		wait;
};

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
		pg_atomic_init_u32(&shared->watched, 0);
		shared->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		shared->nslots = slot_count();
		for (int i = 0; i < shared->nslots; i++)
		{
			pg_atomic_init_u64(&shared->slots[i].number, 0);
			pg_atomic_init_u64(&shared->slots[i].served_number, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
}

static DtxSlot *
slot_of(const PGPROC *proc)
{
	int			i = proc - ProcGlobal->allProcs;

	return i >= 0 && i < shared->nslots ? &shared->slots[i] : NULL;
}

static void
free_my_slot(int code, Datum arg)
{
	remote_wait_counter = &remote_wait_nobody;
	my_slot->pid = 0;
	pg_atomic_write_u64(&my_slot->number, 0);
	pg_atomic_write_u64(&my_slot->served_number, 0);
	my_slot = NULL;
}

static void
claim_slot(void)
{
	DtxSlot    *slot = slot_of(MyProc);

	if (slot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("this process cannot run distributed transactions")));
	slot->served_node = 0;
	slot->phase = DTX_RUNNING;
	slot->text[0] = '\0';
	pg_atomic_write_u64(&slot->number, 0);
	slot->pid = MyProcPid;
	my_slot = slot;
	/* Later than the abort of what may still be open then. */
	on_shmem_exit(free_my_slot, (Datum) 0);
	remote_wait_counter = &slot->wait;
}

uint64
dtx_slot_number(void)
{
	uint64		number;

	if (my_slot == NULL)
		claim_slot();
	number = pg_atomic_read_u64(&my_slot->number);
	if (number != 0)
		return number;
	number = pg_atomic_add_fetch_u64(&shared->last_number, 1);
	my_slot->phase = DTX_RUNNING;
	my_slot->started = GetCurrentTransactionStartTimestamp();
	pg_atomic_write_u64(&my_slot->number, number);

	/* Either the launcher sees our number, or we see that it stopped to look. */
	pg_memory_barrier();
	if (pg_atomic_read_u32(&shared->watched) == 0)
	{
		pg_atomic_write_u32(&shared->watched, 1);
		if (shared->launcher_latch != NULL)
			SetLatch(shared->launcher_latch);
	}
	return number;
}

void
dtx_slot_set_phase(DtxPhase phase)
{
	my_slot->phase = phase;
}

void
dtx_slot_end(void)
{
	if (my_slot == NULL)
		return;

	/* Not before the end of the local transaction is visible. */
	pg_memory_barrier();
	pg_atomic_write_u64(&my_slot->number, 0);
}

bool
dtx_slot_is_active(int pid, uint64 number)
{
	for (int i = 0; i < shared->nslots; i++)
	{
		DtxSlot    *slot = &shared->slots[i];

		if (slot->pid == pid &&
			pg_atomic_read_u64(&slot->number) == number)
			return true;
	}

	/* What we look at next has been decided. */
	pg_memory_barrier();
	return false;
}

void
dtx_slot_serve(int32 node_id, int pid)
{
	if (my_slot == NULL)
		claim_slot();
	my_slot->served_node = node_id;
	my_slot->served_pid = pid;
}

void
dtx_slot_join(uint64 number, TimestampTz started)
{
	if (my_slot == NULL)
		return;
	my_slot->served_started = started;
	pg_atomic_write_u64(&my_slot->served_number, number);
}

DtxInfo
dtx_slot_read(const PGPROC *proc)
{
	DtxSlot    *slot = slot_of(proc);
	DtxInfo		info = {0};

	if (slot == NULL || proc->pid == 0 || slot->pid != proc->pid)
		return info;
	info.number = pg_atomic_read_u64(&slot->number);
	info.started = slot->started;
	info.phase = slot->phase;
	info.served_node = slot->served_node;
	info.served_pid = slot->served_pid;
	info.served_number = pg_atomic_read_u64(&slot->served_number);
	info.served_started = slot->served_started;
	return info;
}

char *
dtx_slot_text(const PGPROC *proc)
{
	DtxSlot    *slot = slot_of(proc);

	return slot != NULL ? slot->text : NULL;
}

/* ---------------------------------------------------------------- watching */

Size
dtx_watch_size(void)
{
	return sizeof(DtxWatch) * shared->nslots;
}

bool
dtx_slots_watched(void)
{
	return pg_atomic_read_u32(&shared->watched) != 0;
}

/* A coordinator's number, or 0. */
static uint64
coordinated(DtxSlot *slot)
{
	return slot->pid != 0 ? pg_atomic_read_u64(&slot->number) : 0;
}

/* Nothing runs: whoever begins has to say so, unless one did just now. */
static void
stop_watching(void)
{
	pg_atomic_write_u32(&shared->watched, 0);
	pg_memory_barrier();
	for (int i = 0; i < shared->nslots; i++)
	{
		if (coordinated(&shared->slots[i]) != 0)
		{
			pg_atomic_write_u32(&shared->watched, 1);
			return;
		}
	}
}

List *
dtx_watch_stuck(DtxWatch *watch)
{
	List	   *databases = NIL;
	bool		running = false;

	for (int i = 0; i < shared->nslots; i++)
	{
		DtxSlot    *slot = &shared->slots[i];
		PGPROC	   *proc = &ProcGlobal->allProcs[i];
		DtxWatch	now = {coordinated(slot)};

		if (now.number != 0)
		{
			running = true;
			now.wait = ((volatile const DtxSlot *) slot)->wait;
			if (proc->waitStatus == PROC_WAIT_STATUS_WAITING)
				now.lock_wait = pg_atomic_read_u64(&proc->waitStart);
			if ((now.wait % 2 != 0 || now.lock_wait != 0) &&
				now.number == watch[i].number && now.wait == watch[i].wait &&
				now.lock_wait == watch[i].lock_wait)
				databases = list_append_unique_oid(databases, proc->databaseId);
		}
		watch[i] = now;
	}
	if (!running)
		stop_watching();
	return databases;
}

/* ---------------------------------------------------------------- recovery */

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
dtx_slots_two_phase(bool complete)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	note_database(MyDatabaseId);
	if (!complete)
	{
		shared->urgent = true;
		if (shared->launcher_latch != NULL)
			SetLatch(shared->launcher_latch);
	}
	LWLockRelease(shared->lock);
}

bool
dtx_slots_take_urgent(void)
{
	bool		urgent;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	urgent = shared->urgent;
	shared->urgent = false;
	LWLockRelease(shared->lock);
	return urgent;
}

void
dtx_slots_note_database(Oid database)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	note_database(database);
	LWLockRelease(shared->lock);
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
	pg_atomic_write_u32(&shared->watched, 1);
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
