/*
 * key_value.h
 *		Values that a distribution key is compared with.
 */
#ifndef SHARDLITE_KEY_VALUE_H
#define SHARDLITE_KEY_VALUE_H

#include "metadata/dist_table.h"
#include "nodes/primnodes.h"

/* The hash operator family whose equality decides what "same key" means. */
extern Oid	key_opfamily(Oid type);

/*
 * Is this an equality that implies equal hashes?  Returns its operator family,
 * InvalidOid if it is not.  collation is the one it compares under.
 */
extern Oid	equality_opfamily(Oid opno, Oid collation);

/*
 * The value as an expression of the group's key type; NULL when there is no
 * such conversion.  A value outside the key type's range becomes NULL, which
 * matches nothing.
 */
extern Node *key_value_coerce(Node *value, const ShardGroup * group);

/* The same for an array of values, as in key = ANY (array). */
extern Node *key_array_coerce(Node *array, const ShardGroup * group);

/* The expression below binary-compatible casts. */
extern Node *strip_relabel(Node *node);

#endif							/* SHARDLITE_KEY_VALUE_H */
