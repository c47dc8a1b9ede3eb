/*
 * statement_state.h
 *		What the nodes of ours in one running plan tree share.
 */
#ifndef SHARDLITE_STATEMENT_STATE_H
#define SHARDLITE_STATEMENT_STATE_H

#include "lib/ilist.h"
#include "nodes/execnodes.h"

typedef struct StatementState
{
	dlist_node	link;
	EState	   *estate;
	MemoryContext cxt;			/* the EState's */
	void	   *places;			/* of row_identity.c */
	int			nplaces;
	int			max_places;
	int			last_place;
	List	   *early_scans;	/* DistScanState *, to be read before writing */
	List	   *scans;			/* DistScanState *, all */
	bool		rehearsal;		/* a run that only shows keys (key_rehearsal.c) */
	bool		visited;		/* by flight.c, which has these two: */
	List	   *waiting;		/* scans not started, in the order of reading */
	Bitmapset  *init_params;	/* exec parameters that InitPlans set */
	int			nmodifies;		/* ShardliteModify nodes in the plan */
	int			scans_above;	/* of the node that begins, which read it when they start */
}			StatementState;

/* The state that belongs to an EState; made at the first call. */
extern StatementState * statement_state_get(EState *estate);

/*
 * Keep the statement's tables open until it ends, as scans of PostgreSQL's own do:
 * meanwhile the session must not TRUNCATE, ALTER or DROP them.
 */
extern void statement_hold_tables(EState *estate);

/* Does one belong to it? */
extern bool statement_state_exists(EState *estate);

#endif							/* SHARDLITE_STATEMENT_STATE_H */
