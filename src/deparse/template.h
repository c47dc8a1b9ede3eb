/*
 * template.h
 *		Cuts deparsed SQL at table markers.
 */
#ifndef SHARDLITE_TEMPLATE_H
#define SHARDLITE_TEMPLATE_H

#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "plan/dist_plan.h"

/* What stands for one marker in the text. */
typedef struct Marker
{
	Oid			relid;			/* shell table, when query is NULL */
	const char *before;			/* SQL around the shard table's name; or NULL */
	const char *after;
	Query	   *query;			/* a modifying CTE's query, or NULL */
}			Marker;

/*
 * The markers of one statement.  Their names contain a random number, so that
 * nothing the user wrote can look like one.
 */
typedef struct MarkerSet
{
	char		prefix[40];
	List	   *markers;		/* of Marker *, by number */
}			MarkerSet;

/* Collects the pieces of a template. */
typedef struct TemplateBuilder
{
	StringInfoData piece;		/* the last piece, still growing */
	List	   *pieces;			/* of String */
	List	   *relids;			/* OidList */
}			TemplateBuilder;

extern void marker_set_init(MarkerSet * set);

/* Adds a marker and returns its name, palloc'd. */
extern char *marker_set_add(MarkerSet * set, Marker * marker);

/* The marker of this number, or NULL. */
extern Marker * marker_set_get(const MarkerSet * set, int number);

/*
 * If a token of text begins at *pos: advances *pos behind it and returns its
 * start.  White space is a token.  Returns NULL at the end.  Knows what
 * ruleutils prints with standard_conforming_strings: '' in strings, "" in
 * quoted identifiers, no comments.
 */
extern const char *sql_next_token(const char **pos);

/* Number of the marker that this token is, or -1. */
extern int	marker_set_match(const MarkerSet * set, const char *token, size_t len);

extern void template_init(TemplateBuilder * builder);
extern void template_add_table(TemplateBuilder * builder, Oid relid);
extern FragmentText template_finish(TemplateBuilder * builder);

#endif							/* SHARDLITE_TEMPLATE_H */
