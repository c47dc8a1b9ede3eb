/*
 * template.c
 *		Markers, the tokens of deparsed SQL, and the pieces of a template.
 */
#include "postgres.h"

#include <ctype.h>

#include "common/pg_prng.h"
#include "deparse/template.h"
#include "nodes/value.h"

void
marker_set_init(MarkerSet * set)
{
	snprintf(set->prefix, sizeof(set->prefix), "shardlite_%016llx_",
			 (unsigned long long) pg_prng_uint64(&pg_global_prng_state));
	set->markers = NIL;
}

char *
marker_set_add(MarkerSet * set, Marker * marker)
{
	set->markers = lappend(set->markers, marker);
	return psprintf("%s%d", set->prefix, list_length(set->markers) - 1);
}

Marker *
marker_set_get(const MarkerSet * set, int number)
{
	if (number < 0 || number >= list_length(set->markers))
		return NULL;
	return list_nth(set->markers, number);
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/* End of the quoted token that starts at p; its quote is doubled inside. */
static const char *
quoted_end(const char *p)
{
	char		quote = *p++;

	for (;; p++)
	{
		if (*p == '\0')
			elog(ERROR, "unterminated quoted token in deparsed statement");
		if (*p != quote)
			continue;
		if (p[1] != quote)
			return p + 1;
		p++;
	}
}

const char *
sql_next_token(const char **pos)
{
	const char *start = *pos;
	const char *p = start;

	if (*p == '\0')
		return NULL;
	if (isspace((unsigned char) *p))
	{
		while (isspace((unsigned char) *p))
			p++;
	}
	else if (*p == '\'' || *p == '"')
		p = quoted_end(p);
	else if (is_word_char(*p))
	{
		while (is_word_char(*p))
			p++;
	}
	else
		p++;
	*pos = p;
	return start;
}

int
marker_set_match(const MarkerSet * set, const char *token, size_t len)
{
	size_t		prefix_len = strlen(set->prefix);

	if (len <= prefix_len || strncmp(token, set->prefix, prefix_len) != 0)
		return -1;
	return atoi(token + prefix_len);
}

void
template_init(TemplateBuilder * builder)
{
	initStringInfo(&builder->piece);
	builder->pieces = NIL;
	builder->relids = NIL;
}

/* The shard table's name belongs here. */
void
template_add_table(TemplateBuilder * builder, Oid relid)
{
	builder->pieces = lappend(builder->pieces,
							  makeString(pstrdup(builder->piece.data)));
	builder->relids = lappend_oid(builder->relids, relid);
	resetStringInfo(&builder->piece);
}

/* The template; its lists belong to the caller's memory context. */
FragmentText
template_finish(TemplateBuilder * builder)
{
	FragmentText text;

	builder->pieces = lappend(builder->pieces,
							  makeString(pstrdup(builder->piece.data)));
	text.pieces = builder->pieces;
	text.markers = builder->relids;
	return text;
}
