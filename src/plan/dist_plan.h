/*
 * dist_plan.h
 *		What planner and executor share: the read-only description that travels
 *		in CustomScan.custom_private as Lists, Strings and Integers only, so
 *		that copyObject, outfuncs and generic plans work without more.
 *
 * A fragment's text is a template: pieces of SQL and, between piece i and
 * i+1, the name of the shard table of markers[i].  The executor resolves
 * shards from metadata, never from the plan.
 */
#ifndef SHARDLITE_DIST_PLAN_H
#define SHARDLITE_DIST_PLAN_H

#include "nodes/extensible.h"
#include "nodes/nodes.h"
#include "nodes/pg_list.h"

/* Names under which the executor registers its CustomScanMethods. */
#define DIST_SCAN_NAME "ShardliteScan"
#define DIST_CALL_NAME "ShardliteCall"
#define DIST_MODIFY_NAME "ShardliteModify"
#define DIST_LOCK_NAME "ShardliteLock"
#define DIST_BATCH_NAME "ShardliteBatch"

typedef struct FragmentText
{
	List	   *pieces;			/* of String; one more than markers */
	List	   *markers;		/* of Oid: shell tables, OidList */
}			FragmentText;

typedef enum FragmentTarget
{
	TARGET_NOTHING = 0,			/* provably no shard */
	TARGET_ALL_SHARDS,			/* one fragment per shard of the group */
	TARGET_KEYS,				/* the shards of the key values */
	TARGET_ANY_NODE,			/* reference tables only: read here */
	TARGET_ALL_NODES,			/* reference tables: write everywhere */
}			FragmentTarget;

/* Does the path tier have the fragment aggregate? */
typedef enum FragmentAggregate
{
	AGGREGATE_NONE = 0,
	AGGREGATE_COMPLETE,			/* its groups are the statement's */
	AGGREGATE_PARTIAL,			/* it delivers transition states */
}			FragmentAggregate;

/* What fragments of the path tier do beyond what the rest of the plan tells. */
#define DOES_COLOCATED_JOIN	0x01
#define DOES_REFERENCE_JOIN	0x02
#define DOES_SUBQUERY		0x04
#define DOES_WINDOWS		0x08
#define DOES_DISTINCT		0x10
#define DOES_NODE_DISTINCT	0x20
#define DOES_LIMIT			0x40
#define DOES_PER_ROW		0x80	/* for the keys of another relation's rows */

/*
 * Plan of a ShardliteScan: fragments whose rows are returned as they come.
 *
 * custom_exprs = parameters $1..$nparams of the text, then the key
 * expressions (nkeys of them).  A key expression is of the group's key type,
 * or an array of it (= ANY); a NULL key matches nothing.
 * custom_scan_tlist = the columns that a fragment returns, in order, except
 * those that the scan fills in itself (see fill).
 */
typedef struct DistPlan
{
	uint64		serial;			/* of this plan and its copies, given by dist_plan_encode() */
	CmdType		operation;		/* of the fragment */
	int			tier;			/* 1, 2 or 3, for EXPLAIN */
	int32		colocation_id;
	FragmentTarget target;
	int			nparams;
	int			nkeys;
	bool		returns_rows;	/* SELECT, or RETURNING */
	bool		writes;			/* changes or locks rows: needs a transaction */
	bool		locks;			/* locks the rows that it reads */
	bool		whole_statement;	/* this scan is the entire statement */
	bool		one_row;		/* ... for one shard, which returns at most one row */
	FragmentAggregate aggregate;	/* for EXPLAIN */
	int			does;			/* for EXPLAIN: DOES_..., tier 3 */
	char	   *refused;		/* for EXPLAIN: what the shards do not do, and why; or NULL */
	char	   *refused_costs;	/* and what it would have cost, or NULL */
	FragmentText text;

	/*
	 * With node_head there is one fragment per node instead of one per shard:
	 * node_head FROM (text of its first shard UNION ALL ...) node_tail.  So a
	 * node sorts, limits or removes duplicates once, over all its shards.
	 */
	char	   *node_head;		/* NULL or "SELECT ..." */
	char	   *node_tail;		/* alias and columns, then ORDER BY, LIMIT ... */

	/*
	 * Fragments deliver their rows sorted, and the scan merges them: IntList
	 * of SORT_FIELDS per key, resno in the scan tuple, ordering operator,
	 * collation, nulls first.
	 */
	List	   *sort;

	/*
	 * Columns not sent by the fragment, pairs (resno, what).  FILL_TABLEOID:
	 * constant fill_tableoid.  FILL_PARTITION: the partition of fill_tableoid
	 * of which the fragment sends the shard's name.  FILL_NULL: NULL.  FILL_ROW_ID: the fragment
	 * sends the shard row's ctid there and the scan replaces it by a synthetic
	 * tid that the ShardliteModify above resolves (executor/row_identity.h).
	 * The same shard row gets the same synthetic tid throughout a statement:
	 * "ctid IN (SELECT ctid ...)" must work.  With row_id_leaf (partitioned
	 * tables, where a ctid alone is ambiguous within a shard) the fragment
	 * sends tableoid as one more column, the last, which belongs to the row's
	 * identity and not to the scan's tuple.
	 */
	List	   *fill;			/* IntList: resno, kind, resno, kind, ... */
	Oid			fill_tableoid;
	int			row_id_rti;		/* range table index that FILL_ROW_ID serves */
	bool		row_id_leaf;

	/*
	 * The children of the scan (custom_plans): their rows are computed here and
	 * joined on the shards.  Per child the column whose hash says to which
	 * shard a row goes, 0 when every shard needs all rows; the parameter
	 * $n under which a fragment gets the number of the rows it reads
	 * (executor/row_store.h); and whether they go from node to node
	 * (executor/exchange.h).
	 */
	List	   *source_keys;	/* IntList */
	List	   *source_params;	/* IntList */
	List	   *source_exchanges;	/* IntList of booleans */

	/*
	 * The scan must see the data as it was before the statement: its rows are
	 * all read (into a tuplestore) before the first ShardliteModify of the
	 * statement writes.  Such a scan depends on no PARAM_EXEC.
	 */
	bool		before_writes;

	/*
	 * What a fragment is expected to cost its node per shard that it reads, in
	 * units of the cost model; 0: not known, or it need not read all.  Where it is
	 * known and sort is not, a node's shards may be read in parts of one fragment each.
	 */
	int			fragment_cost;

	/*
	 * A ShardliteLock above locks rows that this scan has read.  For a row that
	 * was changed before it got the lock, refetch is the text again, with the
	 * condition that the row is the one that two more parameters say, $n, its
	 * ctid, and $n+1, its leaf table with row_id_leaf; n = refetch_param.  No
	 * pieces: the row cannot be read again, for the scan is part of a join.
	 */
	FragmentText refetch;
	int			refetch_param;

	/*
	 * ShardliteCall: the statement is a call of this function, and the node of
	 * its key runs it whole.  The only child is the plan for running it here.
	 */
	Oid			function;
}			DistPlan;

/*
 * Plan of a ShardliteLock: its only child's rows (custom_plans), locked on
 * their shards.  marks has LOCK_FIELDS per table to be locked: OID, resno of
 * the synthetic tid in the child's row, LockClauseStrength, LockWaitPolicy,
 * are leaf tables known by name.  A row whose lock is not to be had, or that
 * has gone, is left out.  custom_exprs: with bounded the number of rows that
 * a LIMIT above takes, and with skips how many it takes away before.
 */
typedef struct LockPlan
{
	List	   *marks;			/* IntList */
	bool		limited;		/* there is a LIMIT above */
	bool		bounded;
	bool		skips;
	int			epq_param;		/* PARAM_EXEC that stands for a row read again */
}			LockPlan;

#define LOCK_FIELDS		5

#define SORT_FIELDS		4

#define FILL_NULL		1
#define FILL_TABLEOID	2
#define FILL_ROW_ID		3
#define FILL_PARTITION	4

/*
 * Plan of a ShardliteModify: rows of its only child (custom_plans) are
 * written to the shards of one table, or to all copies of a reference table.
 * The child is read to its end before the first row is written.
 *
 * One row of the child becomes one row of a VALUES list: its columns sent[i]
 * (child resnos), each printed as "$n::" row_types[i].  key_resno is the
 * child column with the distribution key's new value, 0 when the key is not
 * written (and for tables without key).  A NULL key violates NOT NULL.
 *
 * INSERT: head "INSERT INTO <t> (cols) OVERRIDING SYSTEM VALUE VALUES ", rows
 *		"($1::int4,$2::text),(...)", then tail " ON CONFLICT ... RETURNING ...",
 *		whose own parameters are $1..$ntailparams; those of the rows follow.
 *		An empty sent is one row "INSERT INTO <t> DEFAULT VALUES" in head.
 * UPDATE: head "UPDATE <t> t SET a = v.c2, ... FROM (VALUES ", rows
 *		"(1,$1::tid,$2::int4),(2,...)", tail ") v(n, c1, c2) WHERE t.ctid =
 *		v.c1 RETURNING v.n, t.a, ...".  The first value of each row is its
 *		position in the list, written as a literal, so that RETURNING rows
 *		find their child row whatever order they come in.
 * DELETE: as UPDATE.
 *
 * UPDATE and DELETE of distributed tables: child column row_id_resno, also
 * sent[0], is the synthetic tid: it tells the shard and becomes the shard's
 * ctid (with row_id_leaf followed by one more value of type oid, the leaf
 * table's).  A child row whose tid is NULL or was already written is skipped, as
 * PostgreSQL does.  Reference tables have row_id_resno = 0 and find their row by
 * the primary key, whose old values are then nkeycols values sent first; rows
 * that repeat them are skipped, too.
 *
 * When an UPDATE's new key lives on another shard the row moves: move_delete
 * ("DELETE FROM <t> WHERE ctid = $1::tid"; row_id_leaf: "AND tableoid = $2::oid")
 * runs on the old shard and move_insert, a complete INSERT of the child columns
 * move_sent as $1.. (types move_types) with the RETURNING list of an INSERT,
 * on the new one.
 *
 * RETURNING sends plain columns only: v.n for UPDATE and DELETE, then
 * custom_scan_tlist (Vars of the target) without the columns that fill and
 * child_fill name; the CustomScan projects plan.targetlist from them itself.
 * child_fill: pairs (resno in custom_scan_tlist, child resno).
 *
 * MERGE: actions are ModifyPlans, encoded, in the statement's order.  The scan
 * tuple (custom_scan_tlist) is the child's row; column row_id_resno of it is
 * NULL when no row of the target matches.  For each action custom_exprs holds
 * a condition and then ncolumns values, which make up a row that the action's
 * sent, row_id_resno and so on refer to, as if it were the child's row.  The
 * first action with the right matched and a true condition is taken; operation
 * CMD_NOTHING does nothing.  A target row that is hit twice is an error (21000).
 *
 * checks: names of views with a check option.  Each has a boolean expression
 * over the scan tuple, which must be true for every row written; whole rows come
 * back for them even when returns_rows is false.  check_row: for each of the
 * table's columns its resno in custom_scan_tlist, 0 if it was dropped;
 * check_given: the columns that the statement gives values to.
 *
 * custom_exprs = tail parameters, then one expression per check.  A node that does not set the command tag
 * (can_set_tag false: a modifying CTE) puts its PlanState into
 * estate->es_auxmodifytables, as ModifyTable does, so that it runs to its end.
 * With do_nothing or do_update one batch must not be retried piecewise, and
 * with do_update a row hit twice by one statement is an error (21000).
 */
typedef struct ModifyPlan
{
	CmdType		operation;
	Oid			relid;
	int			result_rti;
	int32		colocation_id;	/* 0: reference table */
	bool		returns_rows;
	bool		can_set_tag;	/* counts for the command tag */
	List	   *sent;			/* IntList: child resnos */
	List	   *row_types;		/* of String: SQL type name per value of a row */
	int			key_resno;
	int			row_id_resno;
	bool		row_id_leaf;
	int			nkeycols;		/* reference UPDATE/DELETE: leading key values */
	int			ntailparams;
	bool		do_nothing;		/* ON CONFLICT DO NOTHING: fewer rows come back */
	bool		do_update;
	FragmentText head;
	FragmentText tail;
	FragmentText move_delete;	/* no pieces: rows cannot move */
	FragmentText move_insert;
	List	   *move_sent;		/* IntList: child resnos */
	List	   *move_types;		/* of String */
	List	   *fill;			/* as in DistPlan, for RETURNING columns */
	Oid			fill_tableoid;
	List	   *child_fill;		/* IntList: resno, child resno, ... */
	List	   *checks;			/* of String */
	List	   *check_row;		/* IntList */
	List	   *check_given;	/* IntList */
	List	   *actions;		/* MERGE: of encoded ModifyPlan */
	bool		matched;		/* as an action: for rows that match */
	int			ncolumns;		/* as an action: values of its row */
}			ModifyPlan;

/*
 * Plan of a ShardliteBatch: the rows of its outer child, some of them read
 * ahead, so that scans which a SubPlan or the inner side of a nested loop runs
 * for each of them can be sent many keys at once.  It computes what its only child, made
 * from one plan node, would have computed from SubPlans: filter and target list.
 *
 * custom_exprs: values that the execution parameters in params will have when
 * a row of the child is current.
 */
typedef struct BatchPlan
{
	List	   *params;			/* IntList, in the order of custom_exprs */
	List	   *scans;			/* IntList: plan_node_ids of ShardliteScans */
	bool		harmless;		/* rows may be read that nobody will ask for */

	/*
	 * Plans that show the keys of scans when they run: pairs of plan_node_id and how
	 * many of their rows are wanted at most, 0 for all.  Then the plan_ids of
	 * all SubPlans in them, and parameters that InitPlans in them set
	 * once and for all.  rehearsed: the scans, not in the list above.
	 */
	List	   *rehearsed;		/* IntList */
	List	   *rehearsals;		/* IntList */
	List	   *subplans;		/* IntList */
	List	   *fixed;			/* IntList */
}			BatchPlan;

extern List *batch_plan_encode(const BatchPlan * plan);
extern BatchPlan * batch_plan_decode(List *encoded);

extern List *dist_plan_encode(const DistPlan * plan);
extern DistPlan * dist_plan_decode(List *encoded);

/* Serial number of an encoded DistPlan: no other plan of this backend has it. */
extern uint64 dist_plan_serial(const List *encoded);
extern List *lock_plan_encode(const LockPlan * plan);
extern LockPlan * lock_plan_decode(List *encoded);
extern List *modify_plan_encode(const ModifyPlan * plan);
extern ModifyPlan * modify_plan_decode(List *encoded);

/* Is this plan node one of ours? */
extern bool is_dist_scan(const CustomScan *scan);
extern bool is_dist_modify(const CustomScan *scan);
extern bool is_dist_lock(const CustomScan *scan);
extern bool is_dist_batch(const CustomScan *scan);

#endif							/* SHARDLITE_DIST_PLAN_H */
