/*
 * copy_chunk.c
 *		Rows of a COPY, as bytes, on their way to one shard.
 *
 * A chunk travels as an ordinary statement in the connection's pipeline, so
 * any number of shards shares a connection and nobody waits for an answer
 * before the end.  The node reads it with PostgreSQL's own COPY: parsing,
 * constraints, indexes and triggers are those of COPY into the shard.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "commands/copy_chunk.h"
#include "commands/ddl_names.h"
#include "common/node_session.h"
#include "executor/shard_error.h"

PG_FUNCTION_INFO_V1(shardlite_copy_chunk);

/* ------------------------------------------------------------ in the making */

void
copy_chunk_init(CopyChunk *chunk)
{
	initStringInfo(&chunk->data);
	initStringInfo(&chunk->rows);
}

void
copy_chunk_reset(CopyChunk *chunk)
{
	resetStringInfo(&chunk->data);
	resetStringInfo(&chunk->rows);
}

void
copy_chunk_add(CopyChunk *chunk, const char *row, int length, uint32 line)
{
	CopyRow		entry;

	appendBinaryStringInfo(&chunk->data, row, length);
	appendStringInfoChar(&chunk->data, '\n');
	entry.end = chunk->data.len;
	entry.line = line;
	appendBinaryStringInfo(&chunk->rows, (char *) &entry, sizeof(entry));
}

/* Options that say how bytes are read; the others are the coordinator's. */
static bool
describes_format(const char *name)
{
	static const char *const names[] = {
		"format", "delimiter", "null", "quote", "escape",
		"force_not_null", "force_null",
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static void
append_option(StringInfo sql, DefElem *option)
{
	ListCell   *lc;

	appendStringInfo(sql, ", %s ", option->defname);
	if (option->arg == NULL || !IsA(option->arg, List))
	{
		appendStringInfoString(sql, quote_literal_cstr(defGetString(option)));
		return;
	}
	foreach(lc, (List *) option->arg)
		appendStringInfo(sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "(",
						 quote_identifier(strVal(lfirst(lc))));
	appendStringInfoChar(sql, ')');
}

char *
copy_chunk_statement(Oid relid, List *attnums, List *options)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "COPY %s (",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
												get_rel_name(relid)));
	foreach(lc, attnums)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(get_attname(relid, lfirst_int(lc), false)));
	appendStringInfo(&sql, ") FROM STDIN WITH (ENCODING %s",
					 quote_literal_cstr(GetDatabaseEncodingName()));
	foreach(lc, options)
	{
		if (describes_format(lfirst_node(DefElem, lc)->defname))
			append_option(&sql, lfirst(lc));
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* --------------------------------------------------------------- on arrival */

/*
 * The chunk being read and its reader: PostgreSQL's callback for COPY data has
 * no argument.  Loads nest when a trigger or default copies as well.
 */
typedef struct ChunkReader
{
	const CopyChunk *chunk;
	CopyFromState cstate;
	uint32		position;
	uint32		next_row;
}			ChunkReader;

static ChunkReader *reader = NULL;

/*
 * Hand out at most one row at a time: then PostgreSQL asks for a row exactly
 * when it begins to read it, and we can tell it the line.
 */
static int
read_chunk(void *buffer, int min_read, int max_read)
{
	const CopyRow *rows = (const CopyRow *) reader->chunk->rows.data;
	uint32		count = reader->chunk->rows.len / sizeof(CopyRow);
	uint32		start;
	int			length;

	if (reader->next_row >= count)
		return 0;
	start = reader->next_row > 0 ? rows[reader->next_row - 1].end : 0;
	if (reader->position == start)
		reader->cstate->cur_lineno = rows[reader->next_row].line;
	length = Min(max_read, (int) (rows[reader->next_row].end - reader->position));
	memcpy(buffer, reader->chunk->data.data + reader->position, length);
	reader->position += length;
	if (reader->position == rows[reader->next_row].end)
		reader->next_row++;
	return length;
}

static void
run_copy(Relation rel, const CopyStmt *stmt, const CopyChunk *chunk,
		 const char *logical_name)
{
	ParseState *pstate = make_parsestate(NULL);
	ChunkReader *outer = reader;
	ChunkReader current = {.chunk = chunk};

	(void) addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL,
										 false, false);
	current.cstate = BeginCopyFrom(pstate, rel, NULL, NULL, false, read_chunk,
								   stmt->attlist, stmt->options);
	current.cstate->cur_relname = logical_name;
	reader = &current;
	PG_TRY();
	{
		(void) CopyFrom(current.cstate);
	}
	PG_FINALLY();
	{
		reader = outer;
	}
	PG_END_TRY();
	EndCopyFrom(current.cstate);
	free_parsestate(pstate);
}

/* The node's user code may call the SQL function, too: check his rights. */
static void
check_insert_privilege(Oid relid)
{
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_INSERT);

	if (result != ACLCHECK_OK)
		result = pg_attribute_aclcheck_all(relid, GetUserId(), ACL_INSERT,
										   ACLMASK_ANY);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(relid));
}

void
copy_chunk_load(const char *statement, int64 shard_id, CopyChunk *chunk)
{
	CopyStmt   *stmt = castNode(CopyStmt, ddl_parse(statement));
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, false);
	DistTable  *table = dist_table_get(relid);
	RemoteRename *rename = NULL;
	Relation	rel;

	check_insert_privilege(relid);
	if (table->kind != DIST_REFERENCE)
		rename = shard_rename_create(list_make1_oid(relid), shard_id, true);
	rel = table_open(rename ? shard_table_oid(table, shard_id) : relid, RowExclusiveLock);
	PG_TRY();
	{
		run_copy(rel, stmt, chunk, stmt->relation->relname);
	}
	PG_CATCH();
	{
		if (rename && !node_session)
			shard_error_rethrow(rename);
		PG_RE_THROW();
	}
	PG_END_TRY();
	table_close(rel, NoLock);
	CommandCounterIncrement();
}

/*
 * SQL: copy_chunk(statement text, shard_id bigint, data bytea, rows bytea)
 */
Datum
shardlite_copy_chunk(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(2);
	bytea	   *rows = PG_GETARG_BYTEA_P(3);
	CopyChunk	chunk = {{0}};

	if (!node_session)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("this function is for the nodes of a cluster among themselves")));
	chunk.data.data = VARDATA_ANY(data);
	chunk.data.len = VARSIZE_ANY_EXHDR(data);
	/* copied, for alignment */
	initStringInfo(&chunk.rows);
	appendBinaryStringInfo(&chunk.rows, VARDATA(rows), VARSIZE(rows) - VARHDRSZ);
	copy_chunk_load(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT64(1), &chunk);
	PG_RETURN_VOID();
}
