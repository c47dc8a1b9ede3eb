/*
 * copy_statement.c
 *		COPY from and to tables of the cluster.
 *
 * COPY table TO becomes COPY (SELECT columns FROM table) TO, which any query
 * can be.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/copy.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "tcop/cmdtag.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "commands/copy_in.h"
#include "commands/ddl_names.h"
#include "commands/utility_hook.h"
#include "metadata/dist_table.h"

static Node *
select_columns(Oid relid, List *attlist)
{
	Relation	rel = table_open(relid, AccessShareLock);
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	foreach(lc, CopyGetAttnums(RelationGetDescr(rel), rel, attlist))
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(get_attname(relid, lfirst_int(lc), false)));
	appendStringInfo(&sql, " FROM %s",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)));
	table_close(rel, NoLock);
	return ddl_parse(sql.data);
}

static void
run_copy_from(UtilityCall *call, Oid relid)
{
	ParseState *pstate = make_parsestate(NULL);
	uint64		rows;

	pstate->p_sourcetext = call->query_string;
	pstate->p_queryEnv = call->env;
	rows = copy_in(pstate, castNode(CopyStmt, call->stmt), relid);
	free_parsestate(pstate);
	if (call->qc)
		SetQueryCompletion(call->qc, CMDTAG_COPY, rows);
}

void
handle_copy(UtilityCall *call)
{
	CopyStmt   *stmt = castNode(CopyStmt, call->stmt);
	DistTable  *table = NULL;
	Oid			relid;

	if (stmt->relation != NULL && dist_tables_exist())
	{
		relid = RangeVarGetRelid(stmt->relation,
								 stmt->is_from ? RowExclusiveLock : AccessShareLock, true);
		table = OidIsValid(relid) ? dist_table_find(relid) : NULL;
	}
	if (table != NULL && stmt->is_from)
	{
		run_copy_from(call, relid);
		return;
	}
	if (table != NULL && table->kind != DIST_REFERENCE &&
		get_rel_relkind(relid) == RELKIND_RELATION)
	{
		stmt->query = select_columns(relid, stmt->attlist);
		stmt->relation = NULL;
		stmt->attlist = NIL;
	}
	utility_standard(call);
}
