/*
 * statement_depth.h
 *		Is the statement being executed the whole of its transaction?
 */
#ifndef SHARDLITE_STATEMENT_DEPTH_H
#define SHARDLITE_STATEMENT_DEPTH_H

#include "executor/execdesc.h"

/*
 * True when the client's statement itself is running, not one inside a
 * function or another command, and, with the extended protocol, no other one
 * shares its transaction.  The caller has checked for a transaction block.
 */
extern bool statement_is_alone(void);

/*
 * The innermost plan that ExecutorRun runs at the moment, NULL when there is
 * none; to_end: until it has no more rows, not for some of them only.
 */
extern QueryDesc *statement_running(bool *to_end);

extern void statement_depth_init(void);

#endif							/* SHARDLITE_STATEMENT_DEPTH_H */
