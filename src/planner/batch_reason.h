/*
 * batch_reason.h
 *		Which scans of a repeated plan can be sent the keys of many rows at once.
 */
#ifndef SHARDLITE_BATCH_REASON_H
#define SHARDLITE_BATCH_REASON_H

#include "nodes/plannodes.h"

typedef struct BatchContext
{
	PlannedStmt *stmt;
	int			cursor_options;
	bool		secret;			/* filters may be those of policies */
	int			last_id;		/* of plan nodes */
	Bitmapset  *init_params;	/* set by InitPlans */
}			BatchContext;

/* What a ShardliteBatch has to know; the lists grow as reasons are found. */
typedef struct BatchReason
{
	int			side;			/* of a join, whose columns alone count; 0: all columns do */
	Bitmapset  *given;			/* parameters that the current row sets */
	Bitmapset  *outside;		/* all that are set outside the repeated plan */
	List	   *params;			/* IntList */
	List	   *exprs;			/* their values, in terms of the row */
	List	   *scans;			/* IntList of plan_node_ids */
	List	   *rehearsed;		/* these as in BatchPlan */
	List	   *rehearsals;
	List	   *subplans;
	List	   *fixed;
}			BatchReason;

/*
 * Add the scans in a plan that is repeated for each row with the parameters
 * given; rows: how many of its rows are looked at, 0 for all.  False: there is none.
 */
extern bool batch_reason_add(const BatchContext * context, Plan *plan, int rows, BatchReason * reason);

/* The same for the SubPlans of an expression, with their parameters. */
extern bool batch_reason_find(const BatchContext * context, Node *expr, BatchReason * reason);

#endif							/* SHARDLITE_BATCH_REASON_H */
