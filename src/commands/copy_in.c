/*
 * copy_in.c
 *		COPY ... FROM into a distributed or reference table.
 *
 * PostgreSQL's COPY finds the lines and converts their encoding.  If nothing
 * else must be computed here, only the key's field is looked at and the line
 * goes to its shard as it is.  Otherwise (binary input, defaults of columns
 * that the input leaves out, WHERE) rows are read completely and written in
 * COPY's text format.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "commands/copy_chunk.h"
#include "commands/copy_in.h"
#include "commands/copy_route.h"
#include "executor/shard_choice.h"
#include "executor/table_growth.h"
#include "executor/value_codec.h"

typedef struct CopyIn
{
	DistTable  *table;
	Relation	rel;
	CopyFromState cstate;
	CopyRoute  *route;
	EState	   *estate;
	ExprContext *econtext;
	ExprState  *where;			/* NULL: every row */

	/* of the key; raw mode reads its field, full mode its value */
	int			key_field;		/* position among the input's columns */
	FmgrInfo	key_input;
	Oid			key_ioparam;
	int32		key_typmod;

	/* full mode: what is sent */
	List	   *attnums;
	FmgrInfo   *outputs;		/* per attribute */
	StringInfoData row;
}			CopyIn;

/* ------------------------------------------------------------ permissions */

static void
check_source(const CopyStmt *stmt)
{
	if (stmt->filename == NULL)
		return;
	if (stmt->is_program &&
		!has_privs_of_role(GetUserId(), ROLE_PG_EXECUTE_SERVER_PROGRAM))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser or have privileges of the pg_execute_server_program role to COPY to or from an external program"),
				 errhint("Anyone can COPY to stdout or from stdin. "
						 "psql's \\copy command also works for anyone.")));
	if (!stmt->is_program &&
		!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser or have privileges of the pg_read_server_files role to COPY from a file"),
				 errhint("Anyone can COPY to stdout or from stdin. "
						 "psql's \\copy command also works for anyone.")));
}

static void
check_insert(Relation rel, List *attnums)
{
	Oid			relid = RelationGetRelid(rel);
	ListCell   *lc;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_INSERT) == ACLCHECK_OK)
		return;
	foreach(lc, attnums)
	{
		if (pg_attribute_aclcheck(relid, lfirst_int(lc), GetUserId(), ACL_INSERT) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	}
}

static void
check_permissions(const CopyStmt *stmt, Relation rel)
{
	check_source(stmt);
	check_insert(rel, CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist));
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM not supported with row-level security"),
				 errhint("Use INSERT statements instead.")));
	if (XactReadOnly)
		PreventCommandIfReadOnly("COPY FROM");
	PreventCommandIfParallelMode("COPY FROM");
}

/* ------------------------------------------------------------------ set-up */

/* The WHERE clause as an executable condition over the table's row. */
static ExprState *
prepare_where(CopyIn *copy, ParseState *pstate, ParseNamespaceItem *item, Node *clause)
{
	if (clause == NULL)
		return NULL;
	addNSItemToQuery(pstate, item, false, true, true);
	clause = transformExpr(pstate, clause, EXPR_KIND_COPY_WHERE);
	clause = coerce_to_boolean(pstate, clause, "WHERE");
	assign_expr_collations(pstate, clause);
	clause = eval_const_expressions(NULL, clause);
	clause = (Node *) canonicalize_qual((Expr *) clause, false);
	return ExecInitQual(make_ands_implicit((Expr *) clause), NULL);
}

/* May lines go to the shards as they are? */
static bool
can_pass_lines(const CopyIn *copy)
{
	const CopyFromState cstate = copy->cstate;

	return !cstate->opts.binary && copy->where == NULL && cstate->num_defaults == 0 &&
		cstate->attnumlist != NIL &&
		(copy->table->kind != DIST_HASH || copy->key_field >= 0);
}

static void
prepare_key(CopyIn *copy)
{
	Form_pg_attribute att;
	Oid			function;
	ListCell   *lc;

	copy->key_field = -1;
	if (copy->table->kind != DIST_HASH)
		return;
	foreach(lc, copy->cstate->attnumlist)
	{
		if (lfirst_int(lc) == copy->table->key_attno)
			copy->key_field = foreach_current_index(lc);
	}
	att = TupleDescAttr(RelationGetDescr(copy->rel), copy->table->key_attno - 1);
	getTypeInputInfo(att->atttypid, &function, &copy->key_ioparam);
	fmgr_info(function, &copy->key_input);
	copy->key_typmod = att->atttypmod;
}

/* All columns that a shard cannot compute, with their output functions. */
static void
prepare_output(CopyIn *copy)
{
	TupleDesc	desc = RelationGetDescr(copy->rel);

	copy->outputs = palloc0(sizeof(FmgrInfo) * desc->natts);
	initStringInfo(&copy->row);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Oid			function;
		bool		is_varlena;

		if (att->attisdropped || att->attgenerated)
			continue;
		getTypeOutputInfo(att->atttypid, &function, &is_varlena);
		fmgr_info(function, &copy->outputs[i]);
		copy->attnums = lappend_int(copy->attnums, att->attnum);
	}
}

/* Does the table refer to itself? */
static bool
has_own_foreign_key(Relation rel)
{
	ListCell   *lc;

	foreach(lc, RelationGetFKeyList(rel))
	{
		if (((ForeignKeyCacheInfo *) lfirst(lc))->confrelid == RelationGetRelid(rel))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- raw mode */

/*
 * The key field's value as PostgreSQL's COPY would see it.  Errors tell column
 * and value as COPY does.
 */
static int
shard_of_field(CopyIn *copy, char *field)
{
	CopyFromState cstate = copy->cstate;
	int			m = copy->table->key_attno - 1;
	Datum		key;

	if (cstate->opts.csv_mode)
	{
		if (field == NULL && cstate->opts.force_notnull_flags[m])
			field = cstate->opts.null_print;
		else if (field != NULL && cstate->opts.force_null_flags[m] &&
				 strcmp(field, cstate->opts.null_print) == 0)
			field = NULL;
	}
	cstate->cur_attname = NameStr(TupleDescAttr(RelationGetDescr(copy->rel), m)->attname);
	cstate->cur_attval = field;
	if (field == NULL)
		null_key_error(copy->table, NULL);
	key = InputFunctionCall(&copy->key_input, field, copy->key_ioparam, copy->key_typmod);
	cstate->cur_attname = NULL;
	cstate->cur_attval = NULL;
	return dist_table_shard_index(copy->table, key);
}

static void
check_field_count(CopyIn *copy, int nfields)
{
	List	   *attnums = copy->cstate->attnumlist;

	if (nfields > list_length(attnums))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("extra data after last expected column")));
	if (nfields < list_length(attnums))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("missing data for column \"%s\"",
						get_attname(RelationGetRelid(copy->rel),
									list_nth_int(attnums, nfields), false))));
}

/* Read one line; false at the end of the input. */
static bool
read_line(CopyIn *copy, int *shard, uint32 *line)
{
	ErrorContextCallback callback = {
		.callback = CopyFromErrorCallback,
		.arg = copy->cstate,
		.previous = error_context_stack,
	};
	char	  **fields;
	int			nfields;
	bool		found;

	error_context_stack = &callback;
	*line = copy->cstate->cur_lineno + 1;
	found = NextCopyFromRawFields(copy->cstate, &fields, &nfields);
	if (found)
	{
		check_field_count(copy, nfields);
		*shard = copy->key_field >= 0 ? shard_of_field(copy, fields[copy->key_field]) : 0;
	}
	error_context_stack = callback.previous;
	return found;
}

static uint64
pass_lines(CopyIn *copy)
{
	uint64		rows = 0;
	int			shard;
	uint32		line;

	for (;;)
	{
		MemoryContext old;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		ResetPerTupleExprContext(copy->estate);
		old = MemoryContextSwitchTo(GetPerTupleMemoryContext(copy->estate));
		found = read_line(copy, &shard, &line);
		MemoryContextSwitchTo(old);
		if (!found)
			return rows;
		copy_route_add(copy->route, shard, copy->cstate->line_buf.data,
					   copy->cstate->line_buf.len, line);
		rows++;
	}
}

/* --------------------------------------------------------------- full mode */

/* One value in COPY's text format. */
static void
append_value(StringInfo row, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
	{
		switch (*c)
		{
			case '\\':
				appendStringInfoString(row, "\\\\");
				break;
			case '\n':
				appendStringInfoString(row, "\\n");
				break;
			case '\r':
				appendStringInfoString(row, "\\r");
				break;
			case '\t':
				appendStringInfoString(row, "\\t");
				break;
			default:
				appendStringInfoCharMacro(row, *c);
				break;
		}
	}
}

/*
 * Values are written as PostgreSQL dumps them, so that they read back as they
 * were whatever the session's settings are.
 */
static void
write_row(CopyIn *copy, TupleTableSlot *slot)
{
	int			level = 0;
	ListCell   *lc;

	if (DateStyle != USE_ISO_DATES || IntervalStyle != INTSTYLE_POSTGRES ||
		extra_float_digits < 1)
		level = value_encode_settings();
	resetStringInfo(&copy->row);
	foreach(lc, copy->attnums)
	{
		int			i = lfirst_int(lc) - 1;

		if (foreach_current_index(lc) > 0)
			appendStringInfoChar(&copy->row, '\t');
		if (slot->tts_isnull[i])
			appendStringInfoString(&copy->row, "\\N");
		else
			append_value(&copy->row, OutputFunctionCall(&copy->outputs[i], slot->tts_values[i]));
	}
	if (level > 0)
		AtEOXact_GUC(false, level);
}

/* Read one row into the slot; false at the end of the input. */
static bool
read_row(CopyIn *copy, TupleTableSlot *slot, uint32 *line)
{
	ErrorContextCallback callback = {
		.callback = CopyFromErrorCallback,
		.arg = copy->cstate,
		.previous = error_context_stack,
	};
	bool		found;

	error_context_stack = &callback;
	*line = copy->cstate->cur_lineno + 1;
	ExecClearTuple(slot);
	found = NextCopyFrom(copy->cstate, copy->econtext, slot->tts_values, slot->tts_isnull);
	if (found)
	{
		ExecStoreVirtualTuple(slot);
		if (copy->table->kind == DIST_HASH &&
			slot->tts_isnull[copy->table->key_attno - 1])
			null_key_error(copy->table, NULL);
	}
	error_context_stack = callback.previous;
	return found;
}

static uint64
write_rows(CopyIn *copy)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(copy->rel), &TTSOpsVirtual);
	uint64		rows = 0;
	uint32		line;

	for (;;)
	{
		MemoryContext old;
		int			shard = 0;

		CHECK_FOR_INTERRUPTS();
		ResetPerTupleExprContext(copy->estate);
		old = MemoryContextSwitchTo(GetPerTupleMemoryContext(copy->estate));
		if (!read_row(copy, slot, &line))
		{
			MemoryContextSwitchTo(old);
			break;
		}
		copy->econtext->ecxt_scantuple = slot;
		if (copy->where == NULL || ExecQual(copy->where, copy->econtext))
		{
			if (copy->table->kind == DIST_HASH)
				shard = dist_table_shard_index(copy->table,
											   slot->tts_values[copy->table->key_attno - 1]);
			write_row(copy, slot);
			copy_route_add(copy->route, shard, copy->row.data, copy->row.len, line);
			rows++;
		}
		MemoryContextSwitchTo(old);
	}
	ExecDropSingleTupleTableSlot(slot);
	return rows;
}

/* -------------------------------------------------------------------- run */

static uint64
run_copy_in(CopyIn *copy, const CopyStmt *stmt)
{
	bool		whole = has_own_foreign_key(copy->rel);
	uint64		rows;

	if (can_pass_lines(copy))
	{
		copy->route = copy_route_begin(copy->table,
									   copy_chunk_statement(RelationGetRelid(copy->rel),
															copy->cstate->attnumlist,
															stmt->options), whole);
		rows = pass_lines(copy);
	}
	else
	{
		prepare_output(copy);
		copy->route = copy_route_begin(copy->table,
									   copy_chunk_statement(RelationGetRelid(copy->rel),
															copy->attnums, NIL), whole);
		rows = write_rows(copy);
	}
	copy_route_finish(copy->route);
	return rows;
}

uint64
copy_in(ParseState *pstate, const CopyStmt *stmt, Oid relid)
{
	CopyIn		copy = {0};
	ParseNamespaceItem *item;
	uint64		rows;

	copy.rel = table_open(relid, RowExclusiveLock);
	copy.table = dist_table_get(relid);
	check_permissions(stmt, copy.rel);
	item = addRangeTableEntryForRelation(pstate, copy.rel, RowExclusiveLock,
										 NULL, false, false);
	copy.where = prepare_where(&copy, pstate, item, copyObject(stmt->whereClause));
	copy.cstate = BeginCopyFrom(pstate, copy.rel, NULL, stmt->filename,
								stmt->is_program, NULL, stmt->attlist, stmt->options);
	copy.estate = CreateExecutorState();
	copy.econtext = GetPerTupleExprContext(copy.estate);
	prepare_key(&copy);
	rows = run_copy_in(&copy, stmt);
	table_grown(copy.table, rows);
	FreeExecutorState(copy.estate);
	EndCopyFrom(copy.cstate);
	table_close(copy.rel, NoLock);
	return rows;
}
