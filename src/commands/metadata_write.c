/*
 * metadata_write.c
 *		Change the cluster's metadata on every node in one transaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "commands/metadata_write.h"
#include "metadata/node.h"
#include "transaction/dist_xact.h"

static void
execute_local(const char *sql)
{
	int			code;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	code = SPI_execute(sql, false, 0);
	if (code < 0)
		elog(ERROR, "could not change metadata: %s", SPI_result_code_string(code));
	SPI_finish();
	CommandCounterIncrement();
}

/*
 * The role also decides under which role the nodes run the statement.
 */
static void
execute_as_owner(const char *sql, bool everywhere)
{
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(extension_owner(),
						   context | SECURITY_LOCAL_USERID_CHANGE);
	execute_local(sql);
	if (everywhere)
		dist_xact_execute_on_others(sql);
	SetUserIdAndSecContext(user, context);
}

void
metadata_write(const char *sql)
{
	ensure_coordinator();
	execute_as_owner(sql, true);
}

void
metadata_write_local(const char *sql)
{
	execute_as_owner(sql, false);
}

char *
metadata_regclass(Oid relid)
{
	const char *name = get_rel_name(relid);
	const char *qualified;

	if (name == NULL)
		elog(ERROR, "cache lookup failed for relation %u", relid);
	qualified = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
										   name);
	return psprintf("%s::pg_catalog.regclass", quote_literal_cstr(qualified));
}
