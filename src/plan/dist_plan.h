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
#define DIST_MODIFY_NAME "ShardliteModify"

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
	CmdType		operation;		/* of the fragment */
	int			tier;			/* 1, 2 or 3, for EXPLAIN */
	int32		colocation_id;
	FragmentTarget target;
	int			nparams;
	int			nkeys;
	bool		returns_rows;	/* SELECT, or RETURNING */
	bool		writes;			/* changes or locks rows: needs a transaction */
	bool		whole_statement;	/* this scan is the entire statement */
	FragmentText text;

	/*
	 * Columns not sent by the fragment, pairs (resno, what).  FILL_TABLEOID:
	 * constant fill_tableoid.  FILL_NULL: NULL.  FILL_ROW_ID: the fragment
	 * sends the shard row's ctid there and the scan replaces it by a synthetic
	 * tid that the ShardliteModify above resolves (executor/row_identity.h).
	 */
	List	   *fill;			/* IntList: resno, kind, resno, kind, ... */
	Oid			fill_tableoid;
	int			row_id_rti;		/* range table index that FILL_ROW_ID serves */
}			DistPlan;

#define FILL_NULL		1
#define FILL_TABLEOID	2
#define FILL_ROW_ID		3

/*
 * Plan of a ShardliteModify: rows of its only child (custom_plans) are
 * written to the shards of one table, or to all copies of a reference table.
 *
 * INSERT: child columns 1..list_length(attnos) are the values of attnos.
 * UPDATE: child columns 1..n are the new values of attnos; column row_id_resno
 *		   is the row's identity (synthetic tid).  If the key column is among
 *		   attnos and the new key lives on another shard, the row moves:
 *		   then the fragment needs the whole old row, which the child
 *		   delivers in columns old_first..., attnos of old_attnos.
 * DELETE: only row_id_resno.
 *
 * Texts: INSERT: head "INSERT INTO <t> (cols) OVERRIDING SYSTEM VALUE VALUES ",
 * then row groups "($1,$2),($3,$4)" made by the executor, then tail
 * " ON CONFLICT ... RETURNING ...", whose own parameters are numbered from 1 in
 * the tail text and are sent as the *first* ntailparams parameters (row
 * parameters follow).  UPDATE: head "UPDATE <t> SET a = v.a, ... FROM (VALUES ",
 * rows "($1::tid,$2::int4)", tail ") v(ctid, a, ...) WHERE t.ctid = v.ctid
 * RETURNING ...".  DELETE alike.  row_casts gives the cast text per column.
 *
 * RETURNING sends plain columns only (custom_scan_tlist of Vars of the
 * target); the CustomScan projects the expressions itself.
 * custom_exprs = tail parameters.
 */
typedef struct ModifyPlan
{
	CmdType		operation;
	Oid			relid;
	int			result_rti;
	bool		returns_rows;
	bool		can_set_tag;	/* counts for the command tag */
	List	   *attnos;			/* IntList */
	List	   *row_casts;		/* of String: type of each row column, "tid" first for UPDATE/DELETE */
	int			row_id_resno;	/* in the child's output; 0 for INSERT */
	List	   *old_attnos;		/* IntList, for rows that change shard */
	int			old_first;
	int			ntailparams;
	bool		do_nothing;		/* ON CONFLICT DO NOTHING: fewer rows come back */
	FragmentText head;
	FragmentText tail;
	FragmentText move_delete;	/* "DELETE FROM <t> WHERE ctid = $1" */
	FragmentText move_insert;	/* "INSERT INTO <t> (all cols) OVERRIDING SYSTEM VALUE VALUES (...)" with RETURNING */
	List	   *fill;			/* as in DistPlan, for RETURNING columns */
}			ModifyPlan;

extern List *dist_plan_encode(const DistPlan * plan);
extern DistPlan * dist_plan_decode(List *encoded);
extern List *modify_plan_encode(const ModifyPlan * plan);
extern ModifyPlan * modify_plan_decode(List *encoded);

/* Is this plan node one of ours? */
extern bool is_dist_scan(const CustomScan *scan);
extern bool is_dist_modify(const CustomScan *scan);

#endif							/* SHARDLITE_DIST_PLAN_H */
