/*
 * remote_error.c
 *		What a node reported, kept and then thrown here as if it were ours.
 *
 * Names of shards are turned into logical ones on the way, see RemoteRename.
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"
#include "remote/connection_state.h"
#include "utils/memutils.h"

/* Schema of the shard tables, as it shows in qualified names. */
#define SHARDS_SCHEMA "shardlite_shards"

static char *
copy_string(const char *value, MemoryContext cxt)
{
	return value != NULL ? MemoryContextStrdup(cxt, value) : NULL;
}

/* Copy what an error result says; belongs to cxt. */
RemoteError *
remote_error_capture(const PGresult *result, const char *node, MemoryContext cxt)
{
	RemoteError *error = MemoryContextAllocZero(cxt, sizeof(RemoteError));
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	strlcpy(error->sqlstate, sqlstate ? sqlstate : "08006", sizeof(error->sqlstate));
	error->node = copy_string(node, cxt);
	error->message = copy_string(message ? message : PQresultErrorMessage(result), cxt);
	error->detail = copy_string(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL), cxt);
	error->hint = copy_string(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT), cxt);
	error->context = copy_string(PQresultErrorField(result, PG_DIAG_CONTEXT), cxt);
	error->schema_name = copy_string(PQresultErrorField(result, PG_DIAG_SCHEMA_NAME), cxt);
	error->table_name = copy_string(PQresultErrorField(result, PG_DIAG_TABLE_NAME), cxt);
	error->column_name = copy_string(PQresultErrorField(result, PG_DIAG_COLUMN_NAME), cxt);
	error->datatype_name = copy_string(PQresultErrorField(result, PG_DIAG_DATATYPE_NAME), cxt);
	error->constraint_name = copy_string(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), cxt);
	return error;
}

/* An error of our own making; sqlcode as made by MAKE_SQLSTATE. */
RemoteError *
remote_error_make(int sqlcode, const char *node, const char *message,
				  const char *detail, MemoryContext cxt)
{
	RemoteError *error = MemoryContextAllocZero(cxt, sizeof(RemoteError));

	strlcpy(error->sqlstate, unpack_sql_state(sqlcode), sizeof(error->sqlstate));
	error->node = copy_string(node, cxt);
	error->message = copy_string(message, cxt);
	error->detail = copy_string(detail, cxt);
	return error;
}

RemoteError *
remote_error_copy(const RemoteError *error, MemoryContext cxt)
{
	RemoteError *copy = MemoryContextAllocZero(cxt, sizeof(RemoteError));

	memcpy(copy->sqlstate, error->sqlstate, sizeof(copy->sqlstate));
	copy->node = copy_string(error->node, cxt);
	copy->message = copy_string(error->message, cxt);
	copy->detail = copy_string(error->detail, cxt);
	copy->hint = copy_string(error->hint, cxt);
	copy->context = copy_string(error->context, cxt);
	copy->schema_name = copy_string(error->schema_name, cxt);
	copy->table_name = copy_string(error->table_name, cxt);
	copy->column_name = copy_string(error->column_name, cxt);
	copy->datatype_name = copy_string(error->datatype_name, cxt);
	copy->constraint_name = copy_string(error->constraint_name, cxt);
	return copy;
}

static bool
is_name_char(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

static const RemoteRenameTable *
find_prefix(const RemoteRename *rename, const char *name, size_t len)
{
	for (int i = 0; i < rename->count; i++)
	{
		if (strlen(rename->tables[i].prefix) == len &&
			strncmp(rename->tables[i].prefix, name, len) == 0)
			return &rename->tables[i];
	}
	return NULL;
}

/* Cut "shardlite_shards." off the end of what has been written, quoted or not. */
static bool
drop_shards_schema(StringInfo out, int quoted)
{
	static const char plain[] = SHARDS_SCHEMA ".";
	int			len = sizeof(plain) - 1;
	int			end = out->len - quoted;

	if (end < len || strncmp(out->data + end - len, plain, len) != 0)
		return false;
	memmove(out->data + end - len, out->data + end, quoted + 1);
	out->len -= len;
	return true;
}

/*
 * Length of the user's part of an index name in front of _<shard id>: four hex
 * digits stand between them (metadata/shard_names.h).
 */
static int
index_name_length(const char *name, int len)
{
	if (len > 5 && name[len - 5] == '_' &&
		strspn(name + len - 4, "0123456789abcdef") >= 4)
		return len - 5;
	return len;
}

/*
 * The text with the names of one shard replaced by logical ones.  A name is
 * recognised by its end, _<shard id>; what stands before is a table's prefix
 * or an index name.
 */
char *
remote_rename_text(const char *text, const RemoteRename *rename)
{
	StringInfoData out;
	char		suffix[32];
	size_t		suffix_len;
	const char *copied = text;
	const char *found;

	if (text == NULL || rename == NULL)
		return unconstify(char *, text);
	if (rename->translate != NULL)
		return rename->translate(pstrdup(text));
	if (rename->shard_id == 0)
		return unconstify(char *, text);
	suffix_len = snprintf(suffix, sizeof(suffix), "_" INT64_FORMAT, rename->shard_id);
	initStringInfo(&out);
	for (const char *at = text; (found = strstr(at, suffix)) != NULL; at = found + suffix_len)
	{
		const char *start = found;
		const RemoteRenameTable *table;
		bool		quoted = false;
		bool		qualified = false;

		if (is_name_char(found[suffix_len]))
			continue;
		if (found[suffix_len] == '"')
		{
			while (start > copied && start[-1] != '"')
				start--;
			quoted = start > copied;
		}
		if (!quoted)
		{
			start = found;
			while (start > copied && is_name_char(start[-1]))
				start--;
		}
		/* "schema.name" within one pair of quotes: the name begins after it */
		if (strncmp(start, SHARDS_SCHEMA ".", sizeof(SHARDS_SCHEMA)) == 0)
		{
			appendBinaryStringInfo(&out, copied, start - copied);
			start += sizeof(SHARDS_SCHEMA);
		}
		else
		{
			appendBinaryStringInfo(&out, copied, start - copied);
			qualified = drop_shards_schema(&out, quoted ? 1 : 0);
		}
		table = find_prefix(rename, start, found - start);
		if (table != NULL && rename->keep_schema && qualified && !quoted)
			appendStringInfo(&out, "%s.", table->schema);
		if (table != NULL)
			appendStringInfoString(&out, table->name);
		else
			appendBinaryStringInfo(&out, start, index_name_length(start, found - start));
		copied = found + suffix_len;
	}
	appendStringInfoString(&out, copied);
	return out.data;
}

/* The same for a bare name. */
static char *
rename_name(const char *name, const RemoteRename *rename)
{
	char	   *quoted;

	if (name == NULL || rename == NULL || rename->translate == NULL)
		return remote_rename_text(name, rename);
	quoted = rename->translate(psprintf("\"%s\"", name));
	quoted[strlen(quoted) - 1] = '\0';
	return quoted + 1;
}

/* Schema of the error's table field, when that is a shard. */
static const char *
rename_schema(const RemoteError *error, const RemoteRename *rename)
{
	const char *table = error->table_name;
	const char *end = table != NULL ? strrchr(table, '_') : NULL;
	const RemoteRenameTable *found;

	if (rename == NULL || end == NULL || error->schema_name == NULL ||
		strcmp(error->schema_name, SHARDS_SCHEMA) != 0)
		return error->schema_name;
	if (rename->translate != NULL)
		return NULL;
	found = find_prefix(rename, table, end - table);
	return found != NULL ? found->schema : error->schema_name;
}

static void
set_field(int field, const char *value)
{
	if (value != NULL)
		err_generic_string(field, value);
}

/* Throw it: the node's own error, with the node as context. */
char	   *(*remote_logical_names_hook) (char *text) = NULL;

/* With logical names: those of the request's shard, or found by the hook. */
static char *
logical_text(const char *text, const RemoteRename *rename)
{
	if (text == NULL || (rename != NULL && rename->shard_id != 0) ||
		remote_logical_names_hook == NULL)
		return remote_rename_text(text, rename);
	return remote_logical_names_hook(pstrdup(text));
}

void
remote_error_throw(const RemoteError *error, const RemoteRename *rename)
{
	const char *s = error->sqlstate;
	char	   *message = logical_text(error->message, rename);
	char	   *detail = logical_text(error->detail, rename);
	char	   *hint = logical_text(error->hint, rename);
	char	   *context = remote_rename_text(error->context, rename);

	errstart(ERROR, TEXTDOMAIN);
	errcode(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]));
	errmsg_internal("%s", message ? message : "unknown error");
	if (detail != NULL)
		errdetail_internal("%s", detail);
	if (hint != NULL)
		errhint("%s", hint);
	if (context != NULL && context[0] != '\0')
		errcontext("%s", context);
	if (rename != NULL && rename->shard_id != 0)
		errcontext("shard " INT64_FORMAT " on node \"%s\"", rename->shard_id, error->node);
	else
		errcontext("node \"%s\"", error->node);
	set_field(PG_DIAG_SCHEMA_NAME, rename_schema(error, rename));
	set_field(PG_DIAG_TABLE_NAME, rename_name(error->table_name, rename));
	set_field(PG_DIAG_COLUMN_NAME, error->column_name);
	set_field(PG_DIAG_DATATYPE_NAME, error->datatype_name);
	set_field(PG_DIAG_CONSTRAINT_NAME, rename_name(error->constraint_name, rename));
	errfinish(__FILE__, __LINE__, PG_FUNCNAME_MACRO);
	pg_unreachable();
}

static int
notice_level(const char *severity)
{
	static const struct
	{
		const char *name;
		int			level;
	}			levels[] = {
		{"WARNING", WARNING},
		{"NOTICE", NOTICE},
		{"INFO", INFO},
		{"LOG", LOG},
	};

	for (int i = 0; severity != NULL && i < lengthof(levels); i++)
	{
		if (strcmp(severity, levels[i].name) == 0)
			return levels[i].level;
	}
	return DEBUG1;
}

/* Say what a node said, if the client may hear it. */
static void
report_notice(const RemoteError *notice)
{
	const char *s = notice->sqlstate;

	ereport(notice->level,
			(strlen(s) == 5 ? errcode(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4])) : 0,
			 errmsg_internal("%s", notice->message),
			 notice->detail ? errdetail_internal("%s", notice->detail) : 0,
			 notice->hint ? errhint("%s", notice->hint) : 0));
}

/*
 * libpq has received a notice: pass it on to our client, or keep it.  That a
 * node goes down is no matter of the client's by itself.
 */
void
remote_notice_receiver(void *arg, const PGresult *result)
{
	RemoteConnection *conn = arg;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	MemoryContext cxt = AllocSetContextCreate(conn->notice_cxt ? conn->notice_cxt : CurrentMemoryContext,
											  "shardlite notice", ALLOCSET_SMALL_SIZES);
	RemoteError *notice = remote_error_capture(result, conn->name, cxt);

	if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
		conn->dying = true;
	notice->level = notice_level(severity);
	if (conn->quiet || strncmp(notice->sqlstate, "57P", 3) == 0)
		notice->level = DEBUG1;
	if (conn->notice_cxt != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(conn->notice_cxt);

		conn->notices = lappend(conn->notices, notice);
		MemoryContextSwitchTo(old);
	}
	else
	{
		report_notice(notice);
		MemoryContextDelete(cxt);
	}
}

void
remote_keep_notices(RemoteConnection *conn)
{
	remote_end_notices(conn, false);
	conn->notice_cxt = AllocSetContextCreate(conn->cxt, "shardlite notices",
											 ALLOCSET_SMALL_SIZES);
}

void
remote_end_notices(RemoteConnection *conn, bool pass_on)
{
	MemoryContext cxt = conn->notice_cxt;
	List	   *notices = conn->notices;
	ListCell   *lc;

	conn->notice_cxt = NULL;
	conn->notices = NIL;
	if (pass_on)
	{
		foreach(lc, notices)
			report_notice(lfirst(lc));
	}
	if (cxt != NULL)
		MemoryContextDelete(cxt);
}
