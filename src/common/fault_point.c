/*
 * fault_point.c
 *		Parse shardlite.fault_point and act at a named point (test builds).
 */
#include "postgres.h"

#include "common/fault_point.h"

#ifdef SHARDLITE_FAULT_POINTS

#include <signal.h>
#include <unistd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lock.h"
#include "storage/pmsignal.h"
#include "utils/guc.h"

typedef enum FaultAction
{
	FAULT_NONE,
	FAULT_ERROR,
	FAULT_FATAL,
	FAULT_PANIC,
	FAULT_KILL,
	FAULT_SLEEP,
	FAULT_PAUSE,
	FAULT_WAIT,
} FaultAction;

/* What one point does. */
typedef struct FaultPlan
{
	FaultAction action;
	int			argument;		/* sleep, pause: milliseconds; wait: lock key */
	int			at_hit;			/* act at this hit only; 0 = at every hit */
	int			hits;			/* in this process, since the setting was made */
} FaultPlan;

static const char *const fault_point_names[] = {FAULT_POINT_NAMES};

static char *fault_point_setting;
static FaultPlan plans[FAULT_POINT_COUNT];

/* Longest setting, with its terminator. */
#define FAULT_SETTING_LENGTH 1024

/* Interval at which a waiting point looks at the lock again, in ms. */
#define FAULT_WAIT_POLL 10

static bool
parse_action(const char *word, FaultPlan *plan)
{
	static const struct
	{
		const char *word;
		FaultAction action;
		int			argument;
	}			actions[] = {
		{"error", FAULT_ERROR, 0},
		{"fatal", FAULT_FATAL, 0},
		{"panic", FAULT_PANIC, 0},
		{"kill", FAULT_KILL, 0},
		{"sleep", FAULT_SLEEP, 1000},
		{"pause", FAULT_PAUSE, 1000},
		{"wait", FAULT_WAIT, 0},
	};

	for (int i = 0; i < lengthof(actions); i++)
	{
		if (strcmp(word, actions[i].word) == 0)
		{
			plan->action = actions[i].action;
			plan->argument = actions[i].argument;
			return true;
		}
	}
	return false;
}

/*
 * Parse one "name:action[=argument][@n]" (modified in place) into all[].
 * Returns false when it cannot be understood.
 */
static bool
parse_item(char *item, FaultPlan *all)
{
	char	   *action = strchr(item, ':');
	char	   *at;
	char	   *argument;
	FaultPlan	plan = {0};

	if (action == NULL)
		return false;
	*action++ = '\0';
	at = strchr(action, '@');
	if (at != NULL)
	{
		*at++ = '\0';
		plan.at_hit = atoi(at);
		if (plan.at_hit <= 0)
			return false;
	}
	argument = strchr(action, '=');
	if (argument != NULL)
		*argument++ = '\0';
	if (!parse_action(action, &plan))
		return false;
	if (argument != NULL)
		plan.argument = atoi(argument);

	for (int i = 0; i < FAULT_POINT_COUNT; i++)
	{
		if (strcmp(item, fault_point_names[i]) == 0)
		{
			all[i] = plan;
			return true;
		}
	}
	return false;
}

/* Parse a whole setting into all[]; false when it cannot be understood. */
static bool
parse_setting(const char *setting, FaultPlan *all)
{
	char		copy[FAULT_SETTING_LENGTH];
	char	   *state = NULL;

	memset(all, 0, sizeof(FaultPlan) * FAULT_POINT_COUNT);
	if (strlcpy(copy, setting, sizeof(copy)) >= sizeof(copy))
		return false;
	for (char *item = strtok_r(copy, ", ", &state); item != NULL;
		 item = strtok_r(NULL, ", ", &state))
	{
		if (!parse_item(item, all))
			return false;
	}
	return true;
}

static bool
check_fault_point(char **newval, void **extra, GucSource source)
{
	FaultPlan	all[FAULT_POINT_COUNT];

	if (parse_setting(*newval, all))
		return true;
	GUC_check_errdetail("Expected a list of name:action[=argument][@n] with names from fault_points.txt.");
	return false;
}

/* The check hook has seen that this can be parsed. */
static void
assign_fault_point(const char *newval, void *extra)
{
	(void) parse_setting(newval, plans);
}

/*
 * Define the setting.  Called once, while the library is preloaded.
 */
void
fault_point_init(void)
{
	DefineCustomStringVariable("shardlite.fault_point",
							   "Makes this process fail or wait at named points (test builds only).",
							   NULL,
							   &fault_point_setting,
							   "",
							   PGC_SUSET,
							   GUC_NOT_IN_SAMPLE,
							   check_fault_point,
							   assign_fault_point,
							   NULL);
}

/* Returns when nobody else holds the advisory lock with this key. */
static void
wait_for_advisory_lock(int key)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, (uint32) key, 1);

	/*
	 * A session lock taken without waiting needs no transaction, so this also
	 * works between the end of one transaction and the next.
	 */
	pgstat_report_wait_start(PG_WAIT_EXTENSION);
	while (LockAcquire(&tag, ShareLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		pg_usleep(FAULT_WAIT_POLL * 1000L);
		if (!PostmasterIsAlive())
			_exit(1);
	}
	pgstat_report_wait_end();
	LockRelease(&tag, ShareLock, true);
}

static void
act(const char *name, const FaultPlan *plan)
{
	int			level = ERROR;

	switch (plan->action)
	{
		case FAULT_NONE:
			return;
		case FAULT_KILL:
			kill(MyProcPid, SIGKILL);
			return;
		case FAULT_SLEEP:
			ereport(LOG, (errmsg("fault point \"%s\": sleeping", name)));
			pg_usleep(plan->argument * 1000L);
			return;
		case FAULT_PAUSE:
			for (int ms = 0; ms < plan->argument; ms += FAULT_WAIT_POLL)
			{
				CHECK_FOR_INTERRUPTS();
				pg_usleep(FAULT_WAIT_POLL * 1000L);
			}
			CHECK_FOR_INTERRUPTS();
			return;
		case FAULT_WAIT:
			ereport(LOG, (errmsg("fault point \"%s\": waiting", name)));
			wait_for_advisory_lock(plan->argument);
			return;
		case FAULT_ERROR:
			level = ERROR;
			break;
		case FAULT_FATAL:
			level = FATAL;
			break;
		case FAULT_PANIC:
			level = PANIC;
			break;
	}
	ereport(level,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("fault point \"%s\" reached", name)));
}

/*
 * The process has reached a point: do what the setting says, usually nothing.
 * May throw, or not return at all.
 */
void
fault_point_hit(FaultPointId id)
{
	FaultPlan  *plan = &plans[id];

	if (likely(plan->action == FAULT_NONE))
		return;
	plan->hits++;
	if (plan->at_hit != 0 && plan->hits != plan->at_hit)
		return;
	act(fault_point_names[id], plan);
}

#endif							/* SHARDLITE_FAULT_POINTS */
