/*
 * utility_messages.c
 *		Run a statement so that what PostgreSQL says about it is what one server
 *		without shards would say.
 *
 * Shards of this server are ordinary tables: they turn up in lists of
 * dependent objects and in errors of statements that look at every table that
 * uses a type.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/guc.h"

#include "commands/utility_hook.h"
#include "metadata/dist_table.h"
#include "metadata/shard_names.h"

static emit_log_hook_type next_emit_log = NULL;

/*
 * log_min_messages as it is meant; lowered while a statement runs, because
 * the hook sees nothing but what goes to the server's log.
 */
static int	server_log_level;

/*
 * What PostgreSQL says about dependent objects, one per line, without those
 * that are shards of this server; *count is how many remain.
 */
static char *
without_shards(const char *detail, int *count)
{
	StringInfoData result;
	const char *line = detail;

	initStringInfo(&result);
	*count = 0;
	while (*line != '\0')
	{
		int			length = (int) strcspn(line, "\n");
		char	   *copy = pnstrdup(line, length);

		if (strstr(copy, SHARDLITE_SHARDS_SCHEMA ".") == NULL)
		{
			appendStringInfo(&result, "%s%s", *count > 0 ? "\n" : "", copy);
			(*count)++;
		}
		line += length + (line[length] == '\n' ? 1 : 0);
	}
	return result.data;
}

/* The notice about cascades, as one server would give it. */
static void
hide_cascades(ErrorData *edata)
{
	int			count;

	if ((edata->elevel == NOTICE || edata->elevel == WARNING) &&
		edata->elevel < server_log_level)
		edata->output_to_server = false;
	if (next_emit_log && edata->output_to_server)
		next_emit_log(edata);
	if (edata->elevel != NOTICE || strncmp(edata->message, "drop cascades to ", 17) != 0)
		return;
	if (edata->detail == NULL)
	{
		if (strstr(edata->message, SHARDLITE_SHARDS_SCHEMA ".") != NULL)
			edata->output_to_client = edata->output_to_server = false;
		return;
	}
	edata->detail = without_shards(edata->detail, &count);
	if (count == 0)
		edata->output_to_client = edata->output_to_server = false;
	else if (count > 1)
		edata->message = psprintf("drop cascades to %d other objects", count);
	else
	{
		edata->message = edata->detail;
		edata->detail = NULL;
	}
}

static void
rethrow_logical(MemoryContext cxt)
{
	ErrorData  *edata;
	int			count;

	MemoryContextSwitchTo(cxt);
	edata = CopyErrorData();
	FlushErrorState();
	if (edata->sqlerrcode == ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST && edata->detail)
		edata->detail = without_shards(edata->detail, &count);
	edata->message = logical_names_in_text(edata->message);
	edata->detail = logical_names_in_text(edata->detail);
	ReThrowError(edata);
}

void
utility_logical(UtilityCall * call)
{
	emit_log_hook_type outer = emit_log_hook;
	int			outer_level = log_min_messages;
	MemoryContext cxt = CurrentMemoryContext;

	if (outer != hide_cascades)
	{
		next_emit_log = outer;
		server_log_level = outer_level;
	}
	emit_log_hook = hide_cascades;
	log_min_messages = Min(outer_level, NOTICE);
	PG_TRY();
	{
		utility_standard(call);
	}
	PG_CATCH();
	{
		emit_log_hook = outer;
		log_min_messages = outer_level;
		rethrow_logical(cxt);
	}
	PG_END_TRY();
	emit_log_hook = outer;
	log_min_messages = outer_level;
}
