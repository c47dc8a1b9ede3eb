/*
 * fragment_text.h
 *		From a template to the SQL of one fragment.
 */
#ifndef SHARDLITE_FRAGMENT_TEXT_H
#define SHARDLITE_FRAGMENT_TEXT_H

#include "lib/stringinfo.h"
#include "metadata/dist_table.h"
#include "plan/dist_plan.h"

/* Append the template with the names of one shard's tables. */
extern void fragment_text_append(StringInfo buf, const FragmentText * text,
								 int64 shard_id);

/* The SQL for one shard, palloc'd. */
extern char *fragment_text_sql(const FragmentText * text, int64 shard_id);

/*
 * The SQL for some shards (IntList of indexes) of one node, palloc'd: plan's
 * node_head and node_tail around text, which is the plan's or made of it.
 */
extern char *fragment_text_of_node(const DistPlan * plan, const FragmentText * text,
								   const ShardGroup * group, List *shards);

/* The SQL with the users' table names, palloc'd; for EXPLAIN. */
extern char *fragment_text_logical(const FragmentText * text);

/*
 * Copy of the template in which every $n whose type may have another OID on
 * another node is followed by a cast to that type by name, so that it can be
 * sent without a type.  Returns text itself when there is none.
 */
extern const FragmentText *fragment_text_with_casts(const FragmentText * text,
													int nparams, const Oid *types);

/*
 * The fragments of a plan for many keys: parameter n is an array of the values that
 * $n has for each of them.  Rows are those of the fragments, with the key's
 * position in the arrays, an int4, as first column; rows of one key come in the
 * fragment's order.
 */
typedef struct KeysText
{
	DistPlan	plan;			/* texts in which columns stand for parameters */
	char	   *head;
}			KeysText;

/*
 * In the current context; plan must live as long.  array_types: of its nparams
 * parameters; text_types: the type of those whose array is one of texts, else 0.
 */
extern KeysText * keys_text_create(const DistPlan * plan, const Oid *array_types,
								   const Oid *text_types);

/* For one shard, or as many as the plan's fragments have; palloc'd. */
extern char *keys_text_sql(const KeysText * keys, const ShardGroup * group, List *shards);

#endif							/* SHARDLITE_FRAGMENT_TEXT_H */
