/*
 * connection_count.c
 *		Shared memory: how many connections this server has to each address.
 *
 * Every connection to a node is counted by host and port, whichever backend,
 * database or worker it belongs to.  One that a backend cannot do without is
 * counted as far as there is room; others ask whether a limit allows them.
 *
 * A backend gives back what it still has when it leaves shared memory.  One
 * that crashes makes the server begin anew, with empty shared memory.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "remote/connection_count.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

/* Addresses that have connections at the same time. */
#define MAX_ADDRESSES 256

typedef struct AddressCount
{
	char		host[NODE_HOST_MAX];
	int			port;
	pg_atomic_uint32 count;		/* 0: the entry is free */
}			AddressCount;

typedef struct CountShared
{
	LWLock	   *lock;			/* for counting more; less needs none */
	AddressCount entries[MAX_ADDRESSES];
}			CountShared;

#define TRANCHE_NAME "shardlite connections"

static CountShared *shared;

/* What this backend has counted, per entry; NULL before the first. */
static int *mine;

static shmem_request_hook_type next_shmem_request;
static shmem_startup_hook_type next_shmem_startup;

static void
request_shmem(void)
{
	if (next_shmem_request)
		next_shmem_request();
	RequestAddinShmemSpace(sizeof(CountShared));
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

static void
startup_shmem(void)
{
	bool		found;

	if (next_shmem_startup)
		next_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("shardlite connections", sizeof(CountShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(CountShared));
		shared->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		for (int i = 0; i < MAX_ADDRESSES; i++)
			pg_atomic_init_u32(&shared->entries[i].count, 0);
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
drop_mine(int code, Datum arg)
{
	for (int i = 0; i < MAX_ADDRESSES; i++)
		if (mine[i] > 0)
			(void) pg_atomic_fetch_sub_u32(&shared->entries[i].count, mine[i]);
	pfree(mine);
	mine = NULL;
}

/* The entry of an address, else a free one; COUNT_NOWHERE when all are taken. */
static int
find_entry(const NodeAddress *address)
{
	int			unused = COUNT_NOWHERE;

	for (int i = 0; i < MAX_ADDRESSES; i++)
	{
		AddressCount *entry = &shared->entries[i];

		if (pg_atomic_read_u32(&entry->count) == 0)
			unused = unused == COUNT_NOWHERE ? i : unused;
		else if (entry->port == address->port && strcmp(entry->host, address->host) == 0)
			return i;
	}
	return unused;
}

int
connection_count_add(const NodeAddress *address, int limit)
{
	int			place;

	if (mine == NULL)
	{
		mine = MemoryContextAllocZero(TopMemoryContext, sizeof(int) * MAX_ADDRESSES);
		on_shmem_exit(drop_mine, (Datum) 0);
	}
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	place = find_entry(address);
	if (place != COUNT_NOWHERE)
	{
		AddressCount *entry = &shared->entries[place];

		if (pg_atomic_read_u32(&entry->count) == 0)
		{
			strlcpy(entry->host, address->host, NODE_HOST_MAX);
			entry->port = address->port;
		}
		if (pg_atomic_read_u32(&entry->count) < limit)
		{
			(void) pg_atomic_fetch_add_u32(&entry->count, 1);
			mine[place]++;
		}
		else
			place = COUNT_NOWHERE;
	}
	LWLockRelease(shared->lock);
	return place;
}

void
connection_count_drop(int place)
{
	if (place == COUNT_NOWHERE || mine == NULL)
		return;
	mine[place]--;
	(void) pg_atomic_fetch_sub_u32(&shared->entries[place].count, 1);
}

int
connection_count_read(int place)
{
	return place == COUNT_NOWHERE ? 0 : pg_atomic_read_u32(&shared->entries[place].count);
}

void
connection_count_init(void)
{
	next_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shmem;
	next_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}
