/*
 * modify_text.c
 *		The texts of a ModifyPlan: a statement cut where the rows go.
 *
 * INSERT is printed from a Query, because ON CONFLICT may hold any expression;
 * UPDATE and DELETE name plain columns only and are written directly.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/heap.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "deparse/query_text.h"
#include "deparse/shippable.h"
#include "metadata/dist_table.h"
#include "planner/modify_text.h"
#include "planner/unsupported.h"

/* Parameters that stand for the row while the statement is printed. */
#define ROW_PARAM_BASE 60000

char *
modify_type_name(Oid type)
{
	return format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN |
								FORMAT_TYPE_FORCE_QUALIFY);
}

static const char *
column_name(Relation relation, AttrNumber attno)
{
	if (attno == SelfItemPointerAttributeNumber)
		return "ctid";
	return quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation),
												  attno - 1)->attname));
}

/* Text whose marker, if the table has shards, stands between two pieces. */
static FragmentText
text_around_table(Relation relation, const char *before, const char *after)
{
	FragmentText text = {NIL, NIL};
	Oid			relid = RelationGetRelid(relation);

	if (dist_table_get(relid)->kind == DIST_REFERENCE)
	{
		char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
													  RelationGetRelationName(relation));

		text.pieces = list_make1(makeString(psprintf("%s%s%s", before, name, after)));
		return text;
	}
	text.pieces = list_make2(makeString(pstrdup(before)), makeString(pstrdup(after)));
	text.markers = list_make1_oid(relid);
	return text;
}

static FragmentText
plain_text(const char *string)
{
	FragmentText text = {list_make1(makeString(pstrdup(string))), NIL};

	return text;
}

/* Whole row of the target, as a value of its logical row type. */
static void
append_whole_row(StringInfo buf, Relation relation, Oid rowtype)
{
	TupleDesc	desc = RelationGetDescr(relation);
	const char *separator = "";

	appendStringInfoString(buf, "ROW(");
	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		appendStringInfo(buf, "%st.%s", separator, column_name(relation, i + 1));
		separator = ", ";
	}
	appendStringInfo(buf, ")::%s", modify_type_name(rowtype));
}

static void
append_returning(StringInfo buf, Relation relation, List *returning)
{
	ListCell   *lc;

	foreach(lc, returning)
	{
		Var		   *var = lfirst_node(Var, lc);

		appendStringInfoString(buf, ", ");
		if (var->varattno == 0)
			append_whole_row(buf, relation, var->vartype);
		else if (var->varattno == TableOidAttributeNumber)
			appendStringInfoString(buf, "t.tableoid::pg_catalog.regclass::pg_catalog.text");
		else if (var->varattno < 0)
			appendStringInfo(buf, "t.%s",
							 NameStr(SystemAttributeDefinition(var->varattno)->attname));
		else
			appendStringInfo(buf, "t.%s", column_name(relation, var->varattno));
	}
}

/* ") v(n, c1, ...) WHERE ... RETURNING ..." of UPDATE and DELETE. */
static char *
changing_tail(const ModifyPlan * plan, Relation relation, List *key_attnos,
			  List *returning)
{
	StringInfoData buf;
	int			column = 1;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoString(&buf, ") v(n");
	for (int i = 1; i <= list_length(plan->sent); i++)
		appendStringInfo(&buf, i == 1 && plan->row_id_leaf ? ", c%d, leaf" : ", c%d", i);
	appendStringInfoString(&buf, ") WHERE ");
	foreach(lc, key_attnos)
	{
		if (column > 1)
			appendStringInfoString(&buf, " AND ");
		appendStringInfo(&buf, "t.%s = v.c%d",
						 column_name(relation, lfirst_int(lc)), column);
		column++;
	}
	if (plan->row_id_resno != 0)
		appendStringInfoString(&buf, "t.ctid = v.c1");
	if (plan->row_id_leaf)
		appendStringInfoString(&buf, " AND t.tableoid = v.leaf");
	if (plan->returns_rows || plan->checks != NIL)
	{
		appendStringInfoString(&buf, " RETURNING v.n");
		append_returning(&buf, relation, returning);
	}
	return buf.data;
}

void
modify_text_update(ModifyPlan * plan, Relation relation, List *assigned,
				   List *key_attnos, List *returning)
{
	StringInfoData buf;
	int			column = list_length(plan->sent) - list_length(assigned) + 1;
	const char *separator = " t SET ";
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, assigned)
	{
		appendStringInfo(&buf, "%s%s = v.c%d", separator,
						 column_name(relation, lfirst_int(lc)), column++);
		separator = ", ";
	}
	if (plan->operation == CMD_DELETE)
	{
		appendStringInfoString(&buf, " t USING (VALUES ");
		plan->head = text_around_table(relation, "DELETE FROM ", buf.data);
	}
	else
	{
		appendStringInfoString(&buf, " FROM (VALUES ");
		plan->head = text_around_table(relation, "UPDATE ", buf.data);
	}
	plan->tail = plain_text(changing_tail(plan, relation, key_attnos, returning));
}

static bool
is_referenced(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (RI_FKey_trigger_type(triggers->triggers[i].tgfoid) == RI_TRIGGER_PK)
			return true;
	return false;
}

/*
 * A row with another key leaves its shard, which deletes it there.  What refers to
 * it is not to be deleted with it.
 */
void
modify_text_move(ModifyPlan * plan, Relation relation, List *attnos,
				 List *returning)
{
	const char *guard = is_referenced(relation) ? " AND shardlite_internal.may_leave(tableoid, ctid)" : "";
	StringInfoData buf;
	const char *separator = " AS t (";
	ListCell   *lc;

	plan->move_delete =
		text_around_table(relation, "DELETE FROM ",
						  psprintf(" WHERE ctid = $1::pg_catalog.tid%s%s",
								   plan->row_id_leaf ? " AND tableoid = $2::pg_catalog.oid" : "",
								   guard));
	initStringInfo(&buf);
	foreach(lc, attnos)
	{
		appendStringInfo(&buf, "%s%s", separator, column_name(relation, lfirst_int(lc)));
		separator = ", ";
	}
	separator = ") OVERRIDING SYSTEM VALUE VALUES (";
	foreach(lc, plan->move_types)
	{
		appendStringInfo(&buf, "%s$%d::%s", separator, foreach_current_index(lc) + 1,
						 strVal(lfirst(lc)));
		separator = ", ";
	}
	appendStringInfoChar(&buf, ')');
	if (plan->returns_rows || plan->checks != NIL)
	{
		StringInfoData columns;

		initStringInfo(&columns);
		append_returning(&columns, relation, returning);
		appendStringInfo(&buf, " RETURNING%s", returning == NIL ? " NULL" : columns.data + 1);
	}
	plan->move_insert = text_around_table(relation, "INSERT INTO ", buf.data);
}

/* The target's entry and EXCLUDED keep their places, the rest is not read. */
static List *
insert_rtable(PlannerInfo *root, int result_rti, int excluded_rti)
{
	List	   *rtable = NIL;
	ListCell   *lc;

	foreach(lc, root->parse->rtable)
	{
		int			rti = foreach_current_index(lc) + 1;
		RangeTblEntry *rte;

		if (rti == result_rti || rti == excluded_rti)
		{
			rte = copyObject(lfirst_node(RangeTblEntry, lc));
			rte->ctelevelsup = 0;
			rte->securityQuals = NIL;
			if (rti == result_rti)
				rte->alias = makeAlias("t", NIL);
		}
		else
		{
			rte = makeNode(RangeTblEntry);
			rte->rtekind = RTE_RESULT;
			rte->eref = makeAlias("*RESULT*", NIL);
		}
		rtable = lappend(rtable, rte);
	}
	return rtable;
}

/* ON CONFLICT as before planning: conditions explicit, values as parameters. */
static OnConflictExpr *
conflict_clause(OnConflictExpr *planned, Oid relid, List **params)
{
	OnConflictExpr *conflict = copyObject(planned);

	if (conflict->onConflictWhere != NULL)
		conflict->onConflictWhere = (Node *)
			make_ands_explicit((List *) conflict->onConflictWhere);
	if (conflict->arbiterWhere != NULL)
		conflict->arbiterWhere = (Node *)
			make_ands_explicit((List *) conflict->arbiterWhere);
	conflict->onConflictSet = (List *)
		extract_params((Node *) conflict->onConflictSet, params);
	conflict->onConflictWhere = extract_params(conflict->onConflictWhere, params);
	unsupported_conflict_check(conflict, relid);
	return conflict;
}

static Query *
insert_query(const ModifyPlan * plan, PlannerInfo *root, Relation relation,
			 List *attnos, List **tail_params)
{
	Query	   *query = makeNode(Query);
	OnConflictExpr *planned = root->parse->onConflict;
	ListCell   *lc;

	query->commandType = CMD_INSERT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->resultRelation = plan->result_rti;
	query->override = OVERRIDING_SYSTEM_VALUE;
	query->jointree = makeFromExpr(NIL, NULL);
	query->rtable = insert_rtable(root, plan->result_rti,
								  planned != NULL ? planned->exclRelIndex : 0);
	foreach(lc, attnos)
	{
		AttrNumber	attno = lfirst_int(lc);
		char	   *name = NameStr(TupleDescAttr(RelationGetDescr(relation), attno - 1)->attname);
		Param	   *param = makeNode(Param);

		/* of a type whose parameters are printed without a cast */
		param->paramkind = PARAM_EXTERN;
		param->paramid = ROW_PARAM_BASE + foreach_current_index(lc) + 1;
		param->paramtype = INT4OID;
		param->paramtypmod = -1;
		param->location = -1;
		query->targetList = lappend(query->targetList,
									makeTargetEntry((Expr *) param, attno, pstrdup(name), false));
	}
	if (planned != NULL)
		query->onConflict = conflict_clause(planned, plan->relid, tail_params);
	return query;
}

/* First occurrence of needle outside double quotes. */
static const char *
find_unquoted(const char *text, const char *needle)
{
	bool		quoted = false;

	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			quoted = !quoted;
		else if (!quoted && strncmp(text, needle, strlen(needle)) == 0)
			return text;
	}
	return NULL;
}

/* Behind the parenthesis that closes the one at text. */
static const char *
closing_parenthesis(const char *text)
{
	bool		quoted = false;
	int			depth = 0;

	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == '(')
			depth++;
		else if (!quoted && *text == ')' && --depth == 0)
			return text + 1;
	}
	return NULL;
}

/* Cut an INSERT's text around its only row, whose values may carry casts. */
static void
cut_at_row(ModifyPlan * plan, FragmentText text)
{
	char	   *first = psprintf("$%d", ROW_PARAM_BASE + 1);
	ListCell   *lc;

	foreach(lc, text.pieces)
	{
		const char *piece = strVal(lfirst(lc));
		const char *start = find_unquoted(piece, first);
		const char *end;
		int			position = foreach_current_index(lc);

		if (start == NULL)
			continue;
		while (start > piece && start[-1] == '(')
			start--;
		end = closing_parenthesis(start);
		if (end == NULL)
			break;
		plan->head.pieces = list_truncate(list_copy(text.pieces), position);
		plan->head.pieces = lappend(plan->head.pieces,
									makeString(pnstrdup(piece, start - piece)));
		plan->head.markers = list_truncate(list_copy(text.markers), position);
		plan->tail.pieces = list_copy_tail(text.pieces, position);
		linitial(plan->tail.pieces) = makeString(pstrdup(end));
		plan->tail.markers = list_copy_tail(text.markers, position);
		return;
	}
	elog(ERROR, "row not found in the text of an INSERT");
}

/* Append to the last piece of a text. */
static void
append_to_text(FragmentText * text, const char *suffix)
{
	ListCell   *last = list_tail(text->pieces);

	lfirst(last) = makeString(psprintf("%s%s", strVal(lfirst(last)), suffix));
}

void
modify_text_insert(ModifyPlan * plan, PlannerInfo *root, Relation relation,
				   List *attnos, List *returning, List **tail_params)
{
	Query	   *query = insert_query(plan, root, relation, attnos, tail_params);
	FragmentText text;
	StringInfoData buf;

	if (attnos == NIL)
	{
		plan->head = text_around_table(relation, "INSERT INTO ", " AS t DEFAULT VALUES");
		plan->tail = plain_text("");
	}
	else
	{
		text = query_text(query);
		cut_at_row(plan, text);
	}
	if (!plan->returns_rows && plan->checks == NIL)
		return;
	initStringInfo(&buf);
	append_returning(&buf, relation, returning);
	append_to_text(&plan->tail, psprintf(" RETURNING%s", returning == NIL ? " NULL" : buf.data + 1));
}
