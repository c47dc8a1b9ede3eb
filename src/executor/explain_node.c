/*
 * explain_node.c
 *		Asks one node, or this backend's planner, how it runs a fragment.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "executor/explain_node.h"
#include "executor/local_plan.h"
#include "executor/shard_error.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Would starting the plan, even for EXPLAIN, choose partitions by value? */
static bool
reads_partitions(PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->rtable)
		if (lfirst_node(RangeTblEntry, lc)->relkind == RELKIND_PARTITIONED_TABLE)
			return true;
	return false;
}

/*
 * EXPLAIN text of the plan that this backend makes for these values; nothing
 * when that needs parameters which are not known.
 */
static char *
explain_here(const char *sql, int nparams, const Oid *types, FragmentParams * params,
			 const ExplainState *es)
{
	ParamListInfo list = fragment_params_list(params);
	CachedPlan *plan = local_plan_once(sql, nparams, types, list);
	ExplainState *inner = NewExplainState();
	QueryDesc  *query;

	if (nparams > 0 && list == NULL &&
		reads_partitions(linitial_node(PlannedStmt, plan->stmt_list)))
	{
		ReleaseCachedPlan(plan, NULL);
		return pstrdup("");
	}
	inner->costs = es->costs;
	inner->verbose = es->verbose;
	inner->format = EXPLAIN_FORMAT_TEXT;
	query = CreateQueryDesc(linitial_node(PlannedStmt, plan->stmt_list), sql,
							GetActiveSnapshot(), InvalidSnapshot, None_Receiver,
							list, NULL, 0);
	ExecutorStart(query, EXEC_FLAG_EXPLAIN_ONLY);
	ExplainPrintPlan(inner, query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	ReleaseCachedPlan(plan, NULL);
	return inner->str->data;
}

/* Collects the lines of a node's answer. */
static void
on_line(RemoteRequest *request, PGresult *result)
{
	StringInfo	buf = request->arg;

	for (int i = 0; i < PQntuples(result); i++)
		appendStringInfo(buf, "%s\n", PQgetvalue(result, i, 0));
	PQclear(result);
}

static char *
explain_there(int32 node_id, const char *sql, FragmentParams * params, const ExplainState *es)
{
	RemoteConnection *conn = dist_xact_connection(node_id, DIST_ACCESS_READ);
	RemoteRequest *request;
	StringInfoData buf;
	char	   *command;

	initStringInfo(&buf);
	command = psprintf("EXPLAIN (COSTS %s, VERBOSE %s) %s", es->costs ? "ON" : "OFF",
					   es->verbose ? "ON" : "OFF", sql);
	request = remote_send(conn, command, fragment_params_wire(params), 0, on_line, &buf);
	remote_sync(conn);
	remote_finish(request);
	remote_release(request);
	return buf.data;
}

/* "Seq Scan on orders orders" says the name once, as one server does. */
static void
drop_repeated_alias(char *line)
{
	char	   *name = strstr(line, " on ");
	char	   *alias;
	char	   *last;
	size_t		length;

	if (name == NULL)
		return;
	name += 4;
	alias = strchr(name, ' ');
	if (alias == NULL)
		return;
	for (last = alias; last > name && last[-1] != '.'; last--)
		 /* the name without its schema */ ;
	length = alias - last;
	if (strncmp(alias + 1, last, length) == 0 &&
		(alias[1 + length] == '\0' || alias[1 + length] == ' '))
		memmove(alias, alias + 1 + length, strlen(alias + 1 + length) + 1);
}

List *
explain_fragment(int32 node_id, const char *sql, int nparams, const Oid *types,
				 FragmentParams * params, const RemoteRename * rename,
				 const ExplainState *es)
{
	List	   *lines = NIL;
	char	   *text;
	char	   *line;

	if (node_id == local_node_id())
		text = explain_here(sql, nparams, types, params, es);
	else if (nparams > 0 && params == NULL)
		return NIL;
	else
		text = explain_there(node_id, sql, params, es);
	text = remote_rename_text(text, rename);
	while ((line = strsep(&text, "\n")) != NULL)
	{
		if (line[0] == '\0')
			continue;
		drop_repeated_alias(line);
		lines = lappend(lines, line);
	}
	return lines;
}
