/*
 * fragment_text.c
 *		Joins a template's pieces with shard table names.
 *
 * Assumption: a template is text printed by PostgreSQL's own ruleutils, so
 * literals are '...' or E'...' with doubled quotes, identifiers that hold a
 * dollar sign are quoted, and there are no comments or dollar quotes.
 */
#include "postgres.h"

#include "executor/fragment_text.h"
#include "executor/value_codec.h"
#include "metadata/dist_table.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

void
fragment_text_append(StringInfo buf, const FragmentText * text, int64 shard_id)
{
	ListCell   *piece;
	int			i = 0;

	foreach(piece, text->pieces)
	{
		appendStringInfoString(buf, strVal(lfirst(piece)));
		if (i < list_length(text->markers))
		{
			DistTable  *table = dist_table_get(list_nth_oid(text->markers, i));

			appendStringInfoString(buf, shard_table_qualified_name(table, shard_id));
		}
		i++;
	}
}

char *
fragment_text_sql(const FragmentText * text, int64 shard_id)
{
	StringInfoData buf;

	initStringInfo(&buf);
	fragment_text_append(&buf, text, shard_id);
	return buf.data;
}

char *
fragment_text_of_node(const DistPlan * plan, const FragmentText * text,
					  const ShardGroup * group, List *shards)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s FROM (", plan->node_head);
	foreach(lc, shards)
	{
		appendStringInfoString(&buf, foreach_current_index(lc) == 0 ? "(" : " UNION ALL (");
		fragment_text_append(&buf, text, group->shards[lfirst_int(lc)].shard_id);
		appendStringInfoChar(&buf, ')');
	}
	appendStringInfo(&buf, ") %s", plan->node_tail);
	return buf.data;
}

char *
fragment_text_logical(const FragmentText * text)
{
	StringInfoData buf;
	ListCell   *piece;
	int			i = 0;

	initStringInfo(&buf);
	foreach(piece, text->pieces)
	{
		appendStringInfoString(&buf, strVal(lfirst(piece)));
		if (i < list_length(text->markers))
		{
			Oid			relid = list_nth_oid(text->markers, i);

			appendStringInfoString(&buf,
								   quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
															  get_rel_name(relid)));
		}
		i++;
	}
	return buf.data;
}

/* End of the quoted token that starts at p. */
static const char *
skip_quoted(const char *p)
{
	char		quote = *p++;

	while (*p && (*p != quote || p[1] == quote))
		p += (*p == quote) ? 2 : 1;
	return *p ? p + 1 : p;
}

/* What takes the place of $n. */
typedef void (*ParamWriter) (StringInfo buf, int n, const void *arg);

/* Copy a piece, each of its $n written anew. */
static char *
rewrite_params(const char *p, ParamWriter write, const void *arg)
{
	StringInfoData buf;

	initStringInfo(&buf);
	while (*p)
	{
		const char *start = p;

		if (*p == '\'' || *p == '"')
		{
			p = skip_quoted(p);
			appendBinaryStringInfo(&buf, start, p - start);
		}
		else if (*p == '$' && isdigit((unsigned char) p[1]))
			write(&buf, strtol(p + 1, (char **) &p, 10), arg);
		else
			appendStringInfoChar(&buf, *p++);
	}
	return buf.data;
}

static FragmentText *
rewrite_text(const FragmentText * text, ParamWriter write, const void *arg)
{
	FragmentText *copy = palloc(sizeof(FragmentText));
	ListCell   *lc;

	copy->pieces = NIL;
	copy->markers = text->markers;
	foreach(lc, text->pieces)
		copy->pieces = lappend(copy->pieces,
							   makeString(rewrite_params(strVal(lfirst(lc)), write, arg)));
	return copy;
}

/* Types of parameters. */
typedef struct ParamTypes
{
	int			count;
	const Oid  *types;
}			ParamTypes;

/* $n, with a cast if its type has no fixed OID. */
static void
write_cast(StringInfo buf, int n, const void *arg)
{
	const ParamTypes *params = arg;

	appendStringInfo(buf, "$%d", n);
	if (n >= 1 && n <= params->count && !has_fixed_oid(params->types[n - 1]))
		appendStringInfo(buf, "::%s", format_type_be_qualified(params->types[n - 1]));
}

const FragmentText *
fragment_text_with_casts(const FragmentText * text, int nparams, const Oid *types)
{
	ParamTypes	params = {nparams, types};
	bool		needed = false;

	for (int i = 0; i < nparams; i++)
		needed |= !has_fixed_oid(types[i]);
	if (!needed)
		return text;
	return rewrite_text(text, write_cast, &params);
}

/* ---- many keys at once ---- */

/* A name that no fragment uses for something else. */
#define KEYS "\"shardlite keys\""

/*
 * The n-th column of the keys; with a type if it has the texts of values.  The
 * type is not one with a length of 1, as SQL's "character[]" is.
 */
static void
write_column(StringInfo buf, int n, const void *arg)
{
	Oid			type = ((const ParamTypes *) arg)->types[n - 1];

	if (OidIsValid(type))
		appendStringInfo(buf, "(" KEYS ".c%d::%s)", n,
						 format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN |
											  FORMAT_TYPE_FORCE_QUALIFY));
	else
		appendStringInfo(buf, KEYS ".c%d", n);
}

static char *
keys_head(int nparams, const Oid *array_types)
{
	StringInfoData buf;
	FragmentText head = {0};

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT " KEYS ".n::pg_catalog.int4, fragment.* FROM ROWS FROM (");
	for (int i = 1; i <= nparams; i++)
		appendStringInfo(&buf, "%spg_catalog.unnest($%d)", i > 1 ? ", " : "", i);
	appendStringInfoString(&buf, ") WITH ORDINALITY " KEYS "(");
	for (int i = 1; i <= nparams; i++)
		appendStringInfo(&buf, "c%d, ", i);
	appendStringInfoString(&buf, "n) CROSS JOIN LATERAL (");
	head.pieces = list_make1(makeString(buf.data));
	return fragment_text_sql(fragment_text_with_casts(&head, nparams, array_types), 0);
}

KeysText *
keys_text_create(const DistPlan * plan, const Oid *array_types, const Oid *text_types)
{
	ParamTypes	texts = {plan->nparams, text_types};
	KeysText   *keys = palloc(sizeof(KeysText));

	keys->plan = *plan;
	keys->head = keys_head(plan->nparams, array_types);
	keys->plan.text = *rewrite_text(&plan->text, write_column, &texts);
	if (plan->node_head != NULL)
	{
		keys->plan.node_head = rewrite_params(plan->node_head, write_column, &texts);
		keys->plan.node_tail = rewrite_params(plan->node_tail, write_column, &texts);
	}
	return keys;
}

char *
keys_text_sql(const KeysText * keys, const ShardGroup * group, List *shards)
{
	const FragmentText *text = &keys->plan.text;
	char	   *sql = keys->plan.node_head != NULL ?
	fragment_text_of_node(&keys->plan, text, group, shards) :
	fragment_text_sql(text, group->shards[linitial_int(shards)].shard_id);

	return psprintf("%s%s) fragment", keys->head, sql);
}
