/*
 * reference_copy.h
 *		Copy the rows of a reference table to a node.
 */
#ifndef SHARDLITE_REFERENCE_COPY_H
#define SHARDLITE_REFERENCE_COPY_H

/*
 * Append all rows of the local copy to the node's, inside the distributed
 * transaction.  The caller keeps writers out.
 */
extern void reference_copy_to_node(Oid relid, int32 node_id);

#endif							/* SHARDLITE_REFERENCE_COPY_H */
