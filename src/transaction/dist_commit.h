/*
 * dist_commit.h
 *		End of a distributed transaction; private to transaction/.
 */
#ifndef SHARDLITE_DIST_COMMIT_H
#define SHARDLITE_DIST_COMMIT_H

#include "transaction/remote_xact.h"

/* Throws if this participant has lost work of the transaction. */
extern void raise_if_failed(const RemoteXact *xact);

/* The steps of the local transaction's end.  Only the first may throw. */
extern void pre_commit(void);
extern void after_commit(void);
extern void after_abort(void);

extern void dist_commit_init(void);

#endif							/* SHARDLITE_DIST_COMMIT_H */
