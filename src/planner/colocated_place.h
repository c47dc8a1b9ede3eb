/*
 * colocated_place.h
 *		Inside of colocated_query.c, colocated_from.c and colocated_sets.c: where
 *		do the rows of a Query level come from?  The argument stands at the top of
 *		the first.
 */
#ifndef SHARDLITE_COLOCATED_PLACE_H
#define SHARDLITE_COLOCATED_PLACE_H

#include "planner/colocated_query.h"
#include "planner/key_units.h"

typedef enum Placement
{
	EVERYWHERE,
	PINNED,
	SPLIT,
}			Placement;

/* An output column that carries the key. */
typedef struct OutputKey
{
	AttrNumber	resno;
	bool		strong;
}			OutputKey;

/* Where the rows of a Query come from. */
typedef struct Placed
{
	Placement	placement;
	bool		reads_copies;	/* of reference tables */
	List	   *keys;			/* of OutputKey */
	List	   *pins;			/* of UnitPin */
}			Placed;

typedef struct PlaceContext
{
	ColocatedQuery *result;
	Oid			opfamily;		/* of the group's key */
	bool		failed;
	UnitLevel  *level;			/* for the sublink walker */
	Query	   *top;
	UnitLevel  *top_level;
}			PlaceContext;

/* It does not fit; the first reason is kept. */
extern void place_fail(PlaceContext * context, ColocatedObstacle why);

/* Is all on one shard anyway? */
extern bool place_is_single(const PlaceContext * context);

/* A Query and all that is in it; parent: the level around it, or NULL. */
extern Placed *place_query(PlaceContext * context, Query *query, UnitLevel * parent);

/* The sublinks of an expression of the level. */
extern void place_sublinks(PlaceContext * context, UnitLevel * level, Node *node);

/* Is there an order that the rows around it may come in, though nobody says so? */
extern bool place_shows_order(const Query *query);

/* ---- colocated_from.c ---- */

/* A table of the level. */
extern void place_relation(PlaceContext * context, UnitLevel * level, int rti);

/* Part of the level's join tree; returns the entries in it. */
extern Bitmapset *place_jointree(PlaceContext * context, UnitLevel * level, Node *node);

/* Units of those entries that are split. */
extern Bitmapset *place_split_units(const UnitLevel * level, Bitmapset *varnos);

/* ---- colocated_sets.c ---- */

/* The key at an output position; NULL if there is none. */
extern OutputKey *placed_key(List *keys, AttrNumber resno);

/* Put two arms together; their keys where they stand in the same place. */
extern Placed *place_combine(PlaceContext * context, const SetOperationStmt *set,
							 const Placed *left, const Placed *right);

/* A node of the level's set operations; above: the operation that it is an arm of. */
extern Placed *place_set_operation(PlaceContext * context, UnitLevel * level, Node *node,
								   const SetOperationStmt *above);

/* A level that is a set operation. */
extern Placed *place_set_level(PlaceContext * context, UnitLevel * level);

#endif							/* SHARDLITE_COLOCATED_PLACE_H */
