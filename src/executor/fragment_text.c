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

/* Copy a piece, following each $n of a type without fixed OID by its cast. */
static char *
cast_piece(const char *p, int nparams, const Oid *types)
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
		{
			int			n = strtol(p + 1, (char **) &p, 10);

			appendBinaryStringInfo(&buf, start, p - start);
			if (n >= 1 && n <= nparams && !has_fixed_oid(types[n - 1]))
				appendStringInfo(&buf, "::%s", format_type_be_qualified(types[n - 1]));
		}
		else
			appendStringInfoChar(&buf, *p++);
	}
	return buf.data;
}

const FragmentText *
fragment_text_with_casts(const FragmentText * text, int nparams, const Oid *types)
{
	FragmentText *copy;
	ListCell   *lc;
	bool		needed = false;

	for (int i = 0; i < nparams; i++)
		needed |= !has_fixed_oid(types[i]);
	if (!needed)
		return text;
	copy = palloc(sizeof(FragmentText));
	copy->pieces = NIL;
	copy->markers = text->markers;
	foreach(lc, text->pieces)
		copy->pieces = lappend(copy->pieces,
							   makeString(cast_piece(strVal(lfirst(lc)), nparams, types)));
	return copy;
}
