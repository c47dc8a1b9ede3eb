/*
 * collations.h
 *		Collations that a text would no longer say.
 */
#ifndef SHARDLITE_COLLATIONS_H
#define SHARDLITE_COLLATIONS_H

#include "nodes/nodes.h"

/*
 * The planner drops a COLLATE that names its argument's own collation, though
 * it decided among those of a function's, an operator's or a CASE's arguments.
 * Say it again where they differ.  Changes the lists of node's arguments.
 */
extern void collation_restore(Node *node);

#endif							/* SHARDLITE_COLLATIONS_H */
