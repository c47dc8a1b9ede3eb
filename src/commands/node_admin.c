/*
 * node_admin.c
 *		SQL functions that change and check the set of nodes.
 *
 * They run as the extension's owner, inside the caller's transaction: when it
 * rolls back, no node has changed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "commands/metadata_write.h"
#include "commands/node_flight.h"
#include "commands/node_join.h"
#include "metadata/dist_table.h"
#include "transaction/dist_xact.h"

PG_FUNCTION_INFO_V1(shardlite_add_node);
PG_FUNCTION_INFO_V1(shardlite_remove_node);
PG_FUNCTION_INFO_V1(shardlite_update_node);
PG_FUNCTION_INFO_V1(shardlite_set_node_property);
PG_FUNCTION_INFO_V1(shardlite_check_nodes);

/* The role and context to come back to; an error restores them by itself. */
typedef struct SavedRole
{
	Oid			user;
	int			context;
}			SavedRole;

static SavedRole
become_owner(void)
{
	SavedRole	saved;

	GetUserIdAndSecContext(&saved.user, &saved.context);
	SetUserIdAndSecContext(extension_owner(),
						   saved.context | SECURITY_LOCAL_USERID_CHANGE);
	return saved;
}

static void
restore_role(SavedRole saved)
{
	SetUserIdAndSecContext(saved.user, saved.context);
}

/*
 * Nobody changes nodes, metadata or the tables themselves until this
 * transaction ends.
 */
static void
lock_cluster(void)
{
	ListCell   *lc;

	(void) local_fetch("LOCK TABLE shardlite.node, shardlite.colocation, shardlite.shard,"
					   " shardlite.distributed_table, shardlite.distributed_function IN SHARE ROW EXCLUSIVE MODE");
	foreach(lc, dist_table_list(0))
		LockRelationOid(lfirst_oid(lc), ShareRowExclusiveLock);
}

static const ClusterNode *
find_node(const char *host, int port)
{
	ListCell   *lc;

	foreach(lc, node_list())
	{
		const ClusterNode *node = lfirst(lc);

		if (strcmp(node->address.host, host) == 0 && node->address.port == port)
			return node;
	}
	return NULL;
}

static const ClusterNode *
get_node_at(const char *host, int port)
{
	const ClusterNode *node = find_node(host, port);

	if (node == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("node \"%s:%d\" does not exist", host, port),
				 errhint("Select from shardlite_nodes to see the nodes of the cluster.")));
	return node;
}

static void
check_address(const char *host, int port)
{
	if (host[0] == '\0' || strlen(host) >= NODE_HOST_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("host name of a node must have 1 to %d characters",
						NODE_HOST_MAX - 1)));
	if (port < 1 || port > 65535)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("port %d of a node is not between 1 and 65535", port)));
}

/*
 * SQL: shardlite_add_node(host text, port int) returns int, the node's id.
 *
 * With the first worker the coordinator stops to receive new shards.
 */
Datum
shardlite_add_node(PG_FUNCTION_ARGS)
{
	char	   *host = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			port = PG_GETARG_INT32(1);
	SavedRole	saved;
	int			node_id;
	bool		first;

	ensure_coordinator();
	check_address(host, port);
	saved = become_owner();
	lock_cluster();
	if (find_node(host, port) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("node \"%s:%d\" is part of this cluster already", host, port)));
	first = list_length(node_list()) == 1;
	node_id = atoi(((char **) linitial(local_fetch("SELECT nextval('shardlite.node_id_seq')")))[0]);
	if (first)
		metadata_write_local("UPDATE shardlite.node SET holds_shards = false");
	metadata_write_local(psprintf("INSERT INTO shardlite.node (node_id, host, port) VALUES (%d, %s, %d)",
								  node_id, quote_literal_cstr(host), port));
	node_join(node_get(node_id));
	restore_role(saved);
	PG_RETURN_INT32(node_id);
}

static int
count_shards(int32 node_id)
{
	char	  **row = linitial(local_fetch(psprintf("SELECT count(*) FROM shardlite.shard WHERE node_id = %d",
													node_id)));

	return atoi(row[0]);
}

/*
 * Run a callback on a node inside a subtransaction.  Returns NULL, or what
 * failed; then whatever it did there is undone.
 */
static ErrorData *
try_on_node(void (*action) (const ClusterNode *node), const ClusterNode *node)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile failure = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		action(node);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(cxt);
		failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cxt);
	CurrentResourceOwner = owner;
	if (failure != NULL && failure->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(failure);
	return failure;
}

/*
 * SQL: shardlite_remove_node(host text, port int) returns void
 *
 * A node that cannot be reached is only forgotten here.
 */
Datum
shardlite_remove_node(PG_FUNCTION_ARGS)
{
	char	   *host = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			port = PG_GETARG_INT32(1);
	SavedRole	saved;
	ClusterNode node;
	ErrorData  *failure;
	int			nshards;

	ensure_coordinator();
	saved = become_owner();
	lock_cluster();
	node = *get_node_at(host, port);
	if (node.is_local)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("node \"%s:%d\" is the coordinator and cannot be removed", host, port)));
	nshards = count_shards(node.address.node_id);
	if (nshards > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("node \"%s:%d\" cannot be removed because it holds shards", host, port),
				 errdetail_plural("There is %d shard on it.", "There are %d shards on it.",
								  nshards, nshards),
				 errhint("Drop or undistribute the tables of these shards first; see shardlite_shards.")));
	failure = try_on_node(node_leave, &node);
	if (failure != NULL)
		ereport(WARNING,
				(errcode(failure->sqlerrcode),
				 errmsg("node \"%s:%d\" is removed, but does not know it", host, port),
				 errdetail_internal("%s", failure->message),
				 errhint("Run DROP EXTENSION shardlite CASCADE there before it is used again.")));
	metadata_write_local(psprintf("DELETE FROM shardlite.node WHERE node_id = %d",
								  node.address.node_id));
	dist_xact_execute_on_others(psprintf("DELETE FROM shardlite.node WHERE node_id = %d",
										 node.address.node_id));
	if (list_length(node_list()) == 1)
		metadata_write("UPDATE shardlite.node SET holds_shards = true");
	restore_role(saved);
	PG_RETURN_VOID();
}

/*
 * SQL: shardlite_update_node(node_id int, host text, port int) returns void
 *
 * For a node that moved or failed over: every node learns its new address.
 */
Datum
shardlite_update_node(PG_FUNCTION_ARGS)
{
	int32		node_id = PG_GETARG_INT32(0);
	char	   *host = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int			port = PG_GETARG_INT32(2);
	const ClusterNode *other;
	const ClusterNode *node;
	SavedRole	saved;
	char	   *update;

	ensure_coordinator();
	check_address(host, port);
	saved = become_owner();
	(void) local_fetch("LOCK TABLE shardlite.node IN SHARE ROW EXCLUSIVE MODE");
	(void) node_get(node_id);
	other = find_node(host, port);
	if (other != NULL && other->address.node_id != node_id)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("node %d has the address \"%s:%d\" already",
						other->address.node_id, host, port)));
	update = psprintf("UPDATE shardlite.node SET host = %s, port = %d WHERE node_id = %d",
					  quote_literal_cstr(host), port, node_id);
	metadata_write_local(update);
	node = node_get(node_id);
	if (!node->is_local)
		node_verify_identity(node);
	dist_xact_execute_on_others(update);
	restore_role(saved);
	PG_RETURN_VOID();
}

/*
 * SQL: shardlite_set_node_property(host text, port int, property text, value bool)
 */
Datum
shardlite_set_node_property(PG_FUNCTION_ARGS)
{
	char	   *host = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			port = PG_GETARG_INT32(1);
	char	   *property = text_to_cstring(PG_GETARG_TEXT_PP(2));
	bool		value = PG_GETARG_BOOL(3);
	SavedRole	saved;
	const ClusterNode *node;

	ensure_coordinator();
	if (strcmp(property, "holds_shards") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nodes have no property \"%s\"", property),
				 errhint("The only property is \"holds_shards\": whether new shards may be put on the node.")));
	saved = become_owner();
	(void) local_fetch("LOCK TABLE shardlite.node IN SHARE ROW EXCLUSIVE MODE");
	node = get_node_at(host, port);
	metadata_write(psprintf("UPDATE shardlite.node SET holds_shards = %s WHERE node_id = %d",
							value ? "true" : "false", node->address.node_id));
	if (atoi(((char **) linitial(local_fetch("SELECT count(*) FROM shardlite.node WHERE holds_shards")))[0]) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at least one node must hold shards")));
	restore_role(saved);
	PG_RETURN_VOID();
}

/* ---------------------------------------------------------------- health */

static char *checked_version;

static void
check_node(const ClusterNode *node)
{
	char	  **row;

	if (!node->is_local)
		node_verify_identity(node);
	row = linitial(node->is_local ?
				   local_fetch("SELECT pg_catalog.current_setting('server_version')") :
				   node_fetch(node->address.node_id,
							  "SELECT pg_catalog.current_setting('server_version')"));
	checked_version = row[0];
}

static void
put_health(ReturnSetInfo *rsinfo, const ClusterNode *node)
{
	Datum		values[7];
	bool		nulls[7] = {false};
	ErrorData  *failure;
	instr_time	start;
	instr_time	duration;

	INSTR_TIME_SET_CURRENT(start);
	failure = try_on_node(check_node, node);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);
	values[0] = Int32GetDatum(node->address.node_id);
	values[1] = CStringGetTextDatum(node->address.host);
	values[2] = Int32GetDatum(node->address.port);
	values[3] = BoolGetDatum(failure == NULL);
	nulls[4] = failure != NULL;
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(checked_version);
	values[5] = Float8GetDatum(INSTR_TIME_GET_MILLISEC(duration));
	nulls[6] = failure == NULL;
	values[6] = nulls[6] ? (Datum) 0 : CStringGetTextDatum(failure->message);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * SQL: shardlite_check_nodes() returns table (node_id int, host text, port int,
 *		reachable bool, server_version text, latency_ms float8, error text)
 *
 * A row for every node; one that does not answer is a row, not an error.
 */
Datum
shardlite_check_nodes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SavedRole	saved;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	saved = become_owner();
	foreach(lc, node_list())
		put_health(rsinfo, lfirst(lc));
	restore_role(saved);
	return (Datum) 0;
}
