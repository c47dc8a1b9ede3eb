/*
 * prepared.c
 *		Prepared statements on one connection: which texts a node knows.
 *
 * Keyed by text and parameter types.  The least recently used one makes room;
 * it is deallocated in the same batch, so the order of the two is kept.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "remote/connection_state.h"
#include "utils/memutils.h"

/* Statements that one connection keeps on its node. */
#define MAX_STATEMENTS 400

/* Room for "shardlite_" and a number. */
#define STATEMENT_NAME_SIZE 24

bool		statements_enabled = true;

struct RemoteStatement
{
	dlist_node	link;			/* by last use */
	dlist_node	bucket_link;	/* among those of equal hash bits */
	uint32		number;
	char		name[STATEMENT_NAME_SIZE];
	uint32		hash;
	char	   *sql;
	int			nparams;
	Oid		   *types;
};

static Oid
param_type(const RemoteParams *params, int i)
{
	return params->types != NULL ? params->types[i] : InvalidOid;
}

static bool
statement_matches(const RemoteStatement *statement, uint32 hash, const char *sql,
				  const RemoteParams *params)
{
	int			count = params != NULL ? params->count : 0;

	if (statement->hash != hash || statement->nparams != count ||
		strcmp(statement->sql, sql) != 0)
		return false;
	for (int i = 0; i < count; i++)
	{
		if (statement->types[i] != param_type(params, i))
			return false;
	}
	return true;
}

static void
statement_free(RemoteConnection *conn, RemoteStatement *statement)
{
	dlist_delete(&statement->link);
	dlist_delete(&statement->bucket_link);
	conn->nstatements--;
	pfree(statement->sql);
	if (statement->types != NULL)
		pfree(statement->types);
	pfree(statement);
}

/* Make room on both sides; the command joins the current batch. */
static void
statement_evict(RemoteConnection *conn)
{
	RemoteStatement *oldest = dlist_tail_element(RemoteStatement, link, &conn->statements);
	char		sql[STATEMENT_NAME_SIZE + 16];

	snprintf(sql, sizeof(sql), "DEALLOCATE %s", oldest->name);
	statement_free(conn, oldest);
	remote_release(remote_send(conn, sql, NULL, 0, NULL, NULL));
}

static dlist_head *
bucket_of(RemoteConnection *conn, uint32 hash)
{
	return &conn->statement_buckets[hash % STATEMENT_BUCKETS];
}

static RemoteStatement *
statement_add(RemoteConnection *conn, uint32 hash, const char *sql, const RemoteParams *params)
{
	MemoryContext old;
	RemoteStatement *statement;

	if (conn->nstatements >= MAX_STATEMENTS)
		statement_evict(conn);

	old = MemoryContextSwitchTo(conn->cxt);
	statement = palloc0(sizeof(RemoteStatement));
	statement->number = ++conn->last_statement;
	snprintf(statement->name, sizeof(statement->name), "shardlite_%u", statement->number);
	statement->hash = hash;
	statement->sql = pstrdup(sql);
	statement->nparams = params != NULL ? params->count : 0;
	if (statement->nparams > 0)
	{
		statement->types = palloc(sizeof(Oid) * statement->nparams);
		for (int i = 0; i < statement->nparams; i++)
			statement->types[i] = param_type(params, i);
	}
	MemoryContextSwitchTo(old);
	conn->nstatements++;
	dlist_push_head(&conn->statements, &statement->link);
	dlist_push_head(bucket_of(conn, hash), &statement->bucket_link);
	return statement;
}

/*
 * The statement for this text, added if need be (*is_new: the caller prepares
 * it).  Valid until the next call.
 */
RemoteStatement *
statement_find(RemoteConnection *conn, const char *sql, const RemoteParams *params, bool *is_new)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));
	dlist_iter	iter;

	*is_new = false;
	dlist_foreach(iter, bucket_of(conn, hash))
	{
		RemoteStatement *statement = dlist_container(RemoteStatement, bucket_link, iter.cur);

		if (statement_matches(statement, hash, sql, params))
		{
			dlist_move_head(&conn->statements, &statement->link);
			return statement;
		}
	}
	*is_new = true;
	return statement_add(conn, hash, sql, params);
}

uint32
statement_number(const RemoteStatement *statement)
{
	return statement->number;
}

const char *
statement_name(const RemoteStatement *statement)
{
	return statement->name;
}

/* The node does not have it (any more). */
void
statement_forget(RemoteConnection *conn, uint32 number)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &conn->statements)
	{
		RemoteStatement *statement = dlist_container(RemoteStatement, link, iter.cur);

		if (statement->number == number)
		{
			statement_free(conn, statement);
			return;
		}
	}
}

/*
 * Start afresh when what the statements were derived from has changed.  On
 * the node the old ones go in the current batch.
 */
void
remote_statements_generation(RemoteConnection *conn, uint64 generation)
{
	dlist_mutable_iter iter;

	if (conn->statement_generation == generation || conn->lost)
		return;
	conn->statement_generation = generation;
	if (conn->nstatements == 0)
		return;
	dlist_foreach_modify(iter, &conn->statements)
		statement_free(conn, dlist_container(RemoteStatement, link, iter.cur));
	remote_release(remote_send(conn, "DEALLOCATE ALL", NULL, 0, NULL, NULL));
}
