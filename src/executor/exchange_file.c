/*
 * exchange_file.c
 *		Names and places of the files of an exchange.
 *
 * Everybody may ask another node for rows, with a token and a location of his
 * own making, so neither is trusted: all that they can name is a file with a
 * secret in its name.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/exchange_file.h"
#include "lib/stringinfo.h"

char *
exchange_file_name(const char *token, int32 node_id)
{
	if (strlen(token) != EXCHANGE_TOKEN_LENGTH ||
		strspn(token, "0123456789abcdef") != EXCHANGE_TOKEN_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid token of an exchange of rows")));
	return psprintf("shardlite_%s_%d", token, node_id);
}

char *
exchange_location(const FileSet *files)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%d %u", (int) files->creator_pid, files->number);
	for (int i = 0; i < files->ntablespaces; i++)
		appendStringInfo(&text, " %u", files->tablespaces[i]);
	return text.data;
}

void
exchange_location_parse(const char *location, FileSet *files)
{
	int			pid;
	int			used = 0;

	memset(files, 0, sizeof(FileSet));
	if (sscanf(location, "%d %u%n", &pid, &files->number, &used) == 2)
	{
		files->creator_pid = pid;
		location += used;
		while (files->ntablespaces < lengthof(files->tablespaces) &&
			   sscanf(location, " %u%n", &files->tablespaces[files->ntablespaces], &used) == 1)
		{
			location += used;
			files->ntablespaces++;
		}
	}
	if (files->ntablespaces == 0 || *location != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid location of an exchange of rows")));
}

const int32 *
exchange_numbers(ArrayType *array, int *count)
{
	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != INT4OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an exchange of rows needs plain lists of numbers")));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const int32 *) ARR_DATA_PTR(array);
}
