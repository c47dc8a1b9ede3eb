/*
 * node_session.h
 *		Two facts about this backend that several layers ask for: is it
 *		serving another node, and is it planning a fragment for itself.
 */
#ifndef SHARDLITE_NODE_SESSION_H
#define SHARDLITE_NODE_SESSION_H

/*
 * Setting shardlite.node_session, given in the connection options by the node
 * that connects; never changes during a session.
 */
extern bool node_session;

/*
 * Setting shardlite.node_session_of: the session that it works for.  False
 * when that is not known (helpers that cancel, recovery).
 */
extern bool node_session_origin(int32 *node_id, int *pid);

/*
 * True while the executor plans the text of a fragment for a local shard: that
 * plan checks no privileges on shard tables, because the statement's own plan
 * checks those of the table.  The executor sets it around the call that plans;
 * the planner hook takes it for the first statement that it sees, so that
 * functions called while planning do not profit.  False again after an error.
 */
extern bool planning_local_fragment;

/*
 * A fragment whose text begins with this reads shard tables without their
 * row-level security: the statement's own plan applies the policies of the
 * role that the user's view stands for.  The planner hook of the node acts on it.
 */
#define FRAGMENT_WITHOUT_POLICIES "/* policies applied by the caller */ "

extern void node_session_init(void);

#endif							/* SHARDLITE_NODE_SESSION_H */
