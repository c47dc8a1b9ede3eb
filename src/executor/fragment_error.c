/*
 * fragment_error.c
 *		Errors of fragments: whose the user hears, and with which names.
 */
#include "postgres.h"

#include "executor/exchange_read.h"
#include "executor/fragment_error.h"
#include "executor/shard_error.h"
#include "metadata/shard_names.h"

RemoteRename *
fragment_rename(const Fragment * fragment)
{
	if (fragment->shard_id == 0)
		return NULL;
	return shard_rename_create(fragment->tables, fragment->shard_id, fragment->writes);
}

static void
raise_own(Fragment * fragment)
{
	static const RemoteRename any_rename = {.translate = logical_names_in_text};
	RemoteRequest *request = fragment->request;

	/* what failed may have been another shard's */
	remote_set_rename(request, request->aborted ? &any_rename : fragment_rename(fragment));
	remote_raise(request);
}

static bool
misses_rows(RemoteRequest *request)
{
	const char *sqlstate = remote_sqlstate(request);

	return sqlstate != NULL && strcmp(sqlstate, EXCHANGE_GONE_STATE) == 0;
}

/*
 * The rows went when the transaction there was rolled back, and its error was
 * sent before that: so it is on its way, if it has not come yet.
 */
void
fragment_raise_cause(FragmentRun * run)
{
	ListCell   *lc;

	foreach(lc, run->fragments)
	{
		Fragment   *fragment = lfirst(lc);

		if (fragment->request == NULL)
			continue;
		while (!fragment->request->done)
			(void) remote_pump(fragment->request, true);
		if (fragment->request->failed && !misses_rows(fragment->request))
			raise_own(fragment);
	}
}

void
fragment_raise(Fragment * fragment)
{
	if (misses_rows(fragment->request))
		fragment_raise_cause(fragment->run);
	raise_own(fragment);
}
