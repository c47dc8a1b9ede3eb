/*
 * row_encode.c
 *		Rows as a stream of bytes between nodes.
 */
#include "postgres.h"

#include "executor/row_encode.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"

RowEncoder *
row_encoder_create(int natts, const Oid *types)
{
	RowEncoder *encoder = palloc(sizeof(RowEncoder));

	encoder->natts = natts;
	encoder->forms = palloc(sizeof(WireForm) * natts);
	encoder->send = palloc0(sizeof(FmgrInfo) * natts);
	for (int i = 0; i < natts; i++)
	{
		Oid			function;
		bool		varlena;

		encoder->forms[i] = wire_form(types[i]);
		if (encoder->forms[i] == WIRE_TEXT && pg_get_client_encoding() != GetDatabaseEncoding())
			encoder->forms[i] = WIRE_BY_FUNCTION;
		if (encoder->forms[i] != WIRE_BY_FUNCTION)
			continue;
		getTypeBinaryOutputInfo(types[i], &function, &varlena);
		fmgr_info(function, &encoder->send[i]);
	}
	return encoder;
}

/* Length and bytes of one value. */
static void
append_value(RowEncoder * encoder, int column, StringInfo message, Datum value)
{
	struct varlena *bytes;
	bytea	   *sent;

	switch (encoder->forms[column])
	{
		case WIRE_BOOL:
			pq_sendint32(message, 1);
			pq_sendint8(message, DatumGetBool(value));
			break;
		case WIRE_2:
			pq_sendint32(message, 2);
			pq_sendint16(message, DatumGetUInt16(value));
			break;
		case WIRE_4:
			pq_sendint32(message, 4);
			pq_sendint32(message, DatumGetUInt32(value));
			break;
		case WIRE_8:
			pq_sendint32(message, 8);
			pq_sendint64(message, DatumGetInt64(value));
			break;
		case WIRE_TEXT:
		case WIRE_BYTES:
			bytes = PG_DETOAST_DATUM_PACKED(value);
			pq_sendint32(message, VARSIZE_ANY_EXHDR(bytes));
			appendBinaryStringInfoNT(message, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
			break;
		case WIRE_BY_FUNCTION:
			sent = SendFunctionCall(&encoder->send[column], value);
			pq_sendint32(message, VARSIZE(sent) - VARHDRSZ);
			appendBinaryStringInfoNT(message, VARDATA(sent), VARSIZE(sent) - VARHDRSZ);
			break;
	}
}

void
row_encode(RowEncoder * encoder, StringInfo out, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < encoder->natts; i++)
	{
		if (nulls[i])
			pq_sendint32(out, -1);
		else
			append_value(encoder, i, out, values[i]);
	}
}
