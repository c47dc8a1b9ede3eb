/*
 * query_text.c
 *		Query tree -> fragment template.
 *
 * pg_get_querydef() prints a Query that query_prepare.c has made fit for it,
 * under settings that do not depend on the session; the text is then cut at
 * the markers.  Assumptions about ruleutils: a CTE reference is printed by its
 * bare name, once; an INSERT, UPDATE, DELETE or MERGE without WITH clause
 * begins with its keywords, then the target as quote_qualified_identifier()
 * gives it; output has no comments.
 *
 * In MERGE and in statements with a WITH clause the same holds: the WITH
 * clause is printed on its own, in front of an empty SELECT that is dropped.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/node_session.h"
#include "deparse/query_prepare.h"
#include "deparse/query_text.h"
#include "deparse/template.h"
#include "fmgr.h"
#include "metadata/dist_table.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

static void print_query(TemplateBuilder * builder, Query *query,
						const MarkerSet * markers);

/*
 * Make the printed form independent of the session.  Returns the GUC nest
 * level to be closed with AtEOXact_GUC().
 */
static int
deparse_settings_push(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog"},
		{"DateStyle", "ISO, MDY"},
		{"IntervalStyle", "postgres"},
		{"extra_float_digits", "3"},
		{"quote_all_identifiers", "off"},
		{"standard_conforming_strings", "on"},
		{"bytea_output", "hex"},
	};
	int			nest_level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
	{
		const char *now = GetConfigOption(settings[i][0], false, false);

		if (strcmp(now, settings[i][1]) != 0)
			(void) set_config_option(settings[i][0], settings[i][1],
									 PGC_USERSET, PGC_S_SESSION,
									 GUC_ACTION_SAVE, true, 0, false);
	}
	return nest_level;
}

/* Remove words, with the white space around them, from the end of a piece. */
static void
chop_suffix(StringInfo piece, const char *suffix)
{
	size_t		len = strlen(suffix);

	while (piece->len > 0 && piece->data[piece->len - 1] == ' ')
		piece->data[--piece->len] = '\0';
	if (piece->len < len || strcmp(piece->data + piece->len - len, suffix) != 0)
		elog(ERROR, "deparsed statement does not end with \"%s\": %s", suffix, piece->data);
	piece->len -= len;
	piece->data[piece->len] = '\0';
}

static void
print_marker(TemplateBuilder * builder, const Marker * marker,
			 const MarkerSet * markers)
{
	if (marker->query != NULL)
	{
		chop_suffix(&builder->piece, "SELECT FROM");
		print_query(builder, marker->query, markers);
		return;
	}
	if (marker->before != NULL)
		appendStringInfoString(&builder->piece, marker->before);
	template_add_table(builder, marker->relid);
	if (marker->after != NULL)
		appendStringInfoString(&builder->piece, marker->after);
}

/* Append SQL: markers resolved, white space squeezed. */
static void
print_text(TemplateBuilder * builder, const char *sql, const MarkerSet * markers)
{
	StringInfo	piece = &builder->piece;
	const char *token;

	while ((token = sql_next_token(&sql)) != NULL)
	{
		int			number = marker_set_match(markers, token, sql - token);
		const Marker *marker = marker_set_get(markers, number);

		if (marker != NULL)
			print_marker(builder, marker, markers);
		else if (*token != ' ' && *token != '\n' && *token != '\t')
			appendBinaryStringInfo(piece, token, sql - token);
		else if (piece->len > 0 ? piece->data[piece->len - 1] != ' ' :
				 builder->pieces != NIL)
			appendStringInfoChar(piece, ' ');
	}
}

static char *
table_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/* WITH clause of a statement that is printed without it. */
static void
print_with_clause(TemplateBuilder * builder, Query *query, const MarkerSet * markers)
{
	Query	   *with = makeNode(Query);

	with->commandType = CMD_SELECT;
	with->cteList = query->cteList;
	with->hasRecursive = query->hasRecursive;
	with->jointree = makeFromExpr(NIL, NULL);
	print_text(builder, pg_get_querydef(with, false), markers);
	chop_suffix(&builder->piece, "SELECT");
	query->cteList = NIL;
	query->hasRecursive = false;
}

/*
 * A data-modifying statement: the target's name follows the keywords, which
 * are upper-case words.
 */
static void
print_modification(TemplateBuilder * builder, Query *query, const MarkerSet * markers)
{
	Oid			relid = rt_fetch(query->resultRelation, query->rtable)->relid;
	DistTable  *dist = dist_table_find(relid);
	char	   *name = table_name(relid);
	const char *sql;
	const char *rest;
	const char *token;

	if (query->cteList != NIL)
		print_with_clause(builder, query, markers);
	sql = pg_get_querydef(query, false);
	if (dist == NULL || dist->kind == DIST_REFERENCE)
	{
		print_text(builder, sql, markers);
		return;
	}

	rest = sql;
	while ((token = sql_next_token(&rest)) != NULL)
	{
		bool		word = *token >= 'A' && *token <= 'Z';

		if (strncmp(token, name, strlen(name)) == 0)
			break;
		if (word && strncmp(token, "ONLY", 4) != 0)
			appendStringInfo(&builder->piece, "%.*s ", (int) (rest - token), token);
	}
	if (token == NULL)
		elog(ERROR, "deparsed statement lacks its target \"%s\": %s", name, sql);
	template_add_table(builder, relid);
	print_text(builder, token + strlen(name), markers);
}

/* Is an output column called like a column of the table that it is not? */
static bool
renames_to_column(Query *query, const RangeTblEntry *rte)
{
	ListCell   *lc,
			   *lc2;

	foreach(lc, query->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resjunk || tle->resname == NULL)
			continue;
		foreach(lc2, rte->eref->colnames)
		{
			Var		   *var = (Var *) tle->expr;

			if (strcmp(strVal(lfirst(lc2)), tle->resname) == 0 &&
				!(IsA(var, Var) && var->varattno == foreach_current_index(lc2) + 1))
				return true;
		}
	}
	return false;
}

/*
 * ruleutils qualifies no column when there is one table only, and an output
 * column of that name would win in ORDER BY and DISTINCT ON.  A second entry,
 * not in FROM, makes it qualify them.
 */
static void
keep_sort_columns_apart(Query *query)
{
	RangeTblEntry *rte;

	if ((query->sortClause == NIL && !query->hasDistinctOn) ||
		query->setOperations != NULL || list_length(query->rtable) != 1 ||
		!renames_to_column(query, linitial(query->rtable)))
		return;
	rte = makeNode(RangeTblEntry);
	rte->rtekind = RTE_RESULT;
	rte->eref = makeAlias("*RESULT*", NIL);
	query->rtable = lappend(query->rtable, rte);
}

static void
print_query(TemplateBuilder * builder, Query *query, const MarkerSet * markers)
{
	keep_sort_columns_apart(query);
	if (query->commandType == CMD_SELECT)
		print_text(builder, pg_get_querydef(query, false), markers);
	else
		print_modification(builder, query, markers);
}

FragmentText
query_text(Query *query)
{
	MarkerSet	markers;
	TemplateBuilder builder;
	int			nest_level;

	marker_set_init(&markers);
	template_init(&builder);
	nest_level = deparse_settings_push();
	query = query_prepare(query, &markers);
	print_query(&builder, query, &markers);
	AtEOXact_GUC(true, nest_level);
	return template_finish(&builder);
}

/* SQL from start to end, white space squeezed and none at the ends. */
static char *
squeezed(const char *start, const char *end)
{
	StringInfoData buf;
	const char *token;

	initStringInfo(&buf);
	while (start < end && (token = sql_next_token(&start)) != NULL)
	{
		if (*token != ' ' && *token != '\n' && *token != '\t')
			appendBinaryStringInfo(&buf, token, start - token);
		else if (buf.len > 0 && buf.data[buf.len - 1] != ' ' && start < end)
			appendStringInfoChar(&buf, ' ');
	}
	return buf.data;
}

void
query_text_around(Query *query, Index rti, char **head, char **tail)
{
	RangeTblEntry *rte = rt_fetch(rti, query->rtable);
	MarkerSet	markers;
	const char *sql;
	const char *rest;
	const char *token;
	const char *from = NULL;
	int			nest_level;

	marker_set_init(&markers);
	rte->rtekind = RTE_CTE;
	rte->ctename = marker_set_add(&markers, palloc0(sizeof(Marker)));
	rte->ctelevelsup = 0;
	rte->subquery = NULL;
	nest_level = deparse_settings_push();
	query = query_prepare(query, &markers);
	sql = pg_get_querydef(query, false);
	AtEOXact_GUC(true, nest_level);

	rest = sql;
	while ((token = sql_next_token(&rest)) != NULL &&
		   marker_set_match(&markers, token, rest - token) < 0)
	{
		if (rest - token == 4 && strncmp(token, "FROM", 4) == 0)
			from = token;
	}
	if (token == NULL || from == NULL)
		elog(ERROR, "deparsed statement lacks its FROM clause: %s", sql);
	*head = squeezed(sql, from);
	*tail = squeezed(rest, rest + strlen(rest));
}

FragmentText
fragment_text_without_policies(FragmentText text)
{
	text.pieces = list_copy(text.pieces);
	linitial(text.pieces) = makeString(psprintf("%s%s", FRAGMENT_WITHOUT_POLICIES,
												strVal(linitial(text.pieces))));
	return text;
}

char *
fragment_text_resolve(const FragmentText * text, int64 shard_id)
{
	StringInfoData buf;
	ListCell   *marker = list_head(text->markers);
	Oid			relid;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, text->pieces)
	{
		appendStringInfoString(&buf, strVal(lfirst(lc)));
		if (marker == NULL)
			break;
		relid = lfirst_oid(marker);
		appendStringInfoString(&buf, shard_id == 0 ? table_name(relid) :
							   shard_table_qualified_name(dist_table_get(relid), shard_id));
		marker = lnext(text->markers, marker);
	}
	return buf.data;
}

/*
 * shardlite_internal.fragment_text(query text): the template of a statement
 * under logical names.  For tests.
 */
PG_FUNCTION_INFO_V1(shardlite_fragment_text);
Datum
shardlite_fragment_text(PG_FUNCTION_ARGS)
{
	const char *sql = text_to_cstring(PG_GETARG_TEXT_PP(0));
	RawStmt    *stmt = linitial_node(RawStmt, pg_parse_query(sql));
	List	   *queries = pg_analyze_and_rewrite_fixedparams(stmt, sql, NULL, 0, NULL);
	FragmentText text = query_text(linitial_node(Query, queries));

	PG_RETURN_TEXT_P(cstring_to_text(fragment_text_resolve(&text, 0)));
}
