/*
 * key_units.h
 *		Which rows of a Query level lie on one shard: units of its FROM clause and
 *		the conditions that keep them together.
 *
 * A unit is an entry whose rows lie on shards.  Two units are together when
 * every row that survives has their rows from the same shard.  Unit 0 stands
 * for the rows of outer levels, for which a sublink or a LATERAL subquery is
 * evaluated.
 */
#ifndef SHARDLITE_KEY_UNITS_H
#define SHARDLITE_KEY_UNITS_H

#include "nodes/parsenodes.h"

/*
 * A column whose value, if there is one, hashes to the shard on which its unit's
 * row lies.
 */
typedef struct UnitKey
{
	int			varno;
	AttrNumber	attno;
	int			unit;
	bool		strong;			/* never NULL */
}			UnitKey;

typedef struct UnitLevel
{
	struct UnitLevel *parent;
	Query	   *query;
	int			nunits;			/* 1 + entries of the range table */
	int		   *leaders;		/* per unit: one that it is together with, or itself */
	bool	   *split;			/* per unit: its rows lie on shards */
	List	   *keys;			/* of UnitKey */
	List	   *pins;			/* of UnitPin: rows of outer levels that this one needs */
	List	   *ctes;			/* of what the caller keeps per CTE */
	bool		reads_copies;	/* of reference tables */
}			UnitLevel;

/* A row of an outer level on whose shard something must be evaluated. */
typedef struct UnitPin
{
	UnitLevel  *level;
	int			unit;
}			UnitPin;

extern UnitLevel * unit_level(Query *query, UnitLevel * parent);

/* Say that rows of two units lie on the same shard. */
extern void unit_join(UnitLevel * level, int left, int right);
extern bool unit_together(const UnitLevel * level, int left, int right);

/* Are all these units together?  True of none. */
extern bool units_together(const UnitLevel * level, Bitmapset *units);

extern void unit_add_key(UnitLevel * level, int varno, AttrNumber attno, int unit, bool strong);
extern void unit_add_pin(UnitLevel * level, UnitLevel * outer, int unit);

/*
 * The key that an expression of this level is, be it a column of an outer level,
 * which *owner tells; NULL if it is none.
 */
extern UnitKey * unit_find_key(UnitLevel * level, Node *expr, UnitLevel * *owner);

/*
 * Learn from conditions, equalities in this hash operator family, that rows
 * have to satisfy.  Unless they only decide what matches in an outer join a
 * column that equals a key is a key, too.
 */
extern void unit_learn(UnitLevel * level, Node *quals, Oid opfamily, bool all_rows);

/* What is in these entries may be NULL from here on. */
extern void unit_weaken(UnitLevel * level, Bitmapset *varnos);

/*
 * Is every pair of units that are not among changed, 0 included, together only
 * if it was so in before (a copy of leaders)?
 */
extern bool units_kept_apart(const UnitLevel * level, const int *before, Bitmapset *changed);

#endif							/* SHARDLITE_KEY_UNITS_H */
