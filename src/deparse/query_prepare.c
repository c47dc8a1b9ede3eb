/*
 * query_prepare.c
 *		Makes a Query fit for pg_get_querydef().
 *
 * ruleutils prints a CTE reference by its name, whatever that is, so every
 * distributed table in a FROM clause becomes an RTE_CTE named by a marker.
 * What does not survive that, or would not fit the shard table, is rewritten:
 *
 * - column names come from the catalog, as they would for a relation;
 * - a whole-row Var becomes ROW(...)::table, NULL if its relation may be
 *	 null-extended and is (the shard table has a row type of its own);
 * - a system column becomes a column of that name, appended to the entry: the
 *	 shard table's own value, also for tableoid.  Where ruleutils might print a
 *	 column alias list, or a sample is taken, the marker stands for
 *	 (SELECT columns FROM shard ...) instead;
 * - the target of INSERT, UPDATE, DELETE and MERGE is printed from its OID:
 *	 query_text.c cuts it out of the text.  It gets an alias, since the shard
 *	 table's name is not the qualifier of its columns;
 * - ON CONFLICT ON CONSTRAINT becomes inference by the constraint's columns;
 * - SET lists go back to what the user wrote (update_targets.c);
 * - a modifying CTE is replaced by a marker and printed on its own;
 * - a relabelling that changes the collation becomes COLLATE again, and a
 *	 COLLATE that the planner took for superfluous comes back (collations.c);
 * - SEARCH and CYCLE clauses are dropped: the rewriter has carried them out;
 * - a security barrier view gets OFFSET 0, which is a barrier on the node;
 * - parameters of user-defined types get a cast: nodes know types by name.
 *
 * ONLY is not printed: shard tables have no children.  Security quals are not
 * printed: row security is evaluated on the shard.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/heap.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "deparse/collations.h"
#include "deparse/insert_source.h"
#include "deparse/query_prepare.h"
#include "deparse/query_text.h"
#include "deparse/update_targets.h"
#include "metadata/dist_table.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* One range table entry that stands for a distributed table. */
typedef struct PreparedTable
{
	Oid			relid;			/* InvalidOid: not one of ours */
	bool		is_marker;		/* printed as a marker, not as the DML target */
	bool		nullable;		/* below the nullable side of an outer join */
	int			nattrs;			/* of the table, dropped ones included */
	List	   *system;			/* IntList: system columns used, in output order */
	TableSampleClause *sample;
	int			marker_number;
}			PreparedTable;

typedef struct PrepareLevel
{
	Query	   *query;
	PreparedTable *tables;		/* by range table index - 1 */
}			PrepareLevel;

typedef struct PrepareContext
{
	MarkerSet  *markers;
	List	   *levels;			/* of PrepareLevel *, innermost first */
}			PrepareContext;

static Node *prepare_mutator(Node *node, void *arg);

/* Mark the tables of a join tree's subtree that may be null-extended. */
static void
find_nullable(Node *node, bool nullable, PreparedTable * tables)
{
	if (node == NULL)
		return;
	if (IsA(node, RangeTblRef))
	{
		tables[((RangeTblRef *) node)->rtindex - 1].nullable = nullable;
	}
	else if (IsA(node, FromExpr))
	{
		ListCell   *lc;

		foreach(lc, ((FromExpr *) node)->fromlist)
			find_nullable(lfirst(lc), nullable, tables);
	}
	else
	{
		JoinExpr   *join = castNode(JoinExpr, node);
		bool		full = join->jointype == JOIN_FULL;

		find_nullable(join->larg,
					  nullable || full || join->jointype == JOIN_RIGHT, tables);
		find_nullable(join->rarg,
					  nullable || full || join->jointype == JOIN_LEFT, tables);
	}
}

/* Present column names of a table, "" for dropped ones. */
static List *
column_names(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *names = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		names = lappend(names, makeString(att->attisdropped ? pstrdup("") :
										  pstrdup(NameStr(att->attname))));
	}
	table_close(rel, NoLock);
	return names;
}

/* Turn a FROM clause entry of a distributed table into its marker. */
static void
make_marker(RangeTblEntry *rte, PreparedTable * table, MarkerSet * markers)
{
	Marker	   *marker = palloc0(sizeof(Marker));

	marker->relid = rte->relid;
	table->relid = rte->relid;
	table->is_marker = true;
	table->sample = rte->tablesample;
	table->marker_number = list_length(markers->markers);

	rte->rtekind = RTE_CTE;
	rte->relid = InvalidOid;
	rte->ctename = marker_set_add(markers, marker);
	rte->ctelevelsup = 0;
	rte->self_reference = false;
	rte->tablesample = NULL;
	rte->inh = false;
	rte->securityQuals = NIL;
	rte->eref = makeAlias(rte->eref->aliasname, column_names(marker->relid));
	table->nattrs = list_length(rte->eref->colnames);
}

/* The target of a DML statement, and what is called "excluded" there. */
static void
prepare_target(RangeTblEntry *rte, PreparedTable * table)
{
	table->relid = rte->relid;
	table->nattrs = list_length(column_names(rte->relid));
	rte->securityQuals = NIL;
	if (rte->alias == NULL)
		rte->alias = makeAlias(rte->eref->aliasname, NIL);
}

static bool
is_printed_as_shard(Oid relid)
{
	DistTable  *dist = dist_table_find(relid);

	return dist != NULL && dist->kind != DIST_REFERENCE;
}

/* Dropped columns of a function's row type, once its body is a subquery. */
static List *
name_dropped_columns(List *names)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		char	   *name = strVal(lfirst(lc));

		result = lappend(result, makeString(name[0] != '\0' ? name : "?dropped?"));
	}
	return result;
}

/* Column names of a subquery entry may differ from its target list's. */
static void
keep_subquery_names(RangeTblEntry *rte)
{
	ListCell   *name;
	ListCell   *lc;

	if (rte->security_barrier && rte->subquery->limitOffset == NULL)
		rte->subquery->limitOffset = (Node *)
			makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
					  Int64GetDatum(0), false, FLOAT8PASSBYVAL);

	rte->eref->colnames = name_dropped_columns(rte->eref->colnames);
	if (rte->alias != NULL && rte->alias->colnames != NIL)
	{
		rte->alias->colnames = name_dropped_columns(rte->alias->colnames);
		return;
	}
	name = list_head(rte->eref->colnames);
	foreach(lc, rte->subquery->targetList)
	{
		TargetEntry *tle = lfirst_node(TargetEntry, lc);

		if (tle->resjunk || name == NULL)
			continue;
		if (tle->resname == NULL || strcmp(tle->resname, strVal(lfirst(name))) != 0)
		{
			rte->alias = makeAlias(rte->eref->aliasname,
								   copyObject(rte->eref->colnames));
			return;
		}
		name = lnext(rte->eref->colnames, name);
	}
}

/*
 * First pass over the range table of a level, before its expressions.
 */
static PrepareLevel *
open_level(Query *query, PrepareContext * context)
{
	PrepareLevel *level = palloc(sizeof(PrepareLevel));
	int			nrtes = list_length(query->rtable);
	Bitmapset  *joined = NULL;
	ListCell   *lc;

	level->query = query;
	level->tables = palloc0(sizeof(PreparedTable) * Max(nrtes, 1));
	find_nullable((Node *) query->jointree, false, level->tables);
	if (query->jointree != NULL)
	{
		foreach(lc, query->jointree->fromlist)
		{
			if (IsA(lfirst(lc), RangeTblRef))
				joined = bms_add_member(joined, lfirst_node(RangeTblRef, lc)->rtindex);
		}
	}

	for (int rti = 1; rti <= nrtes; rti++)
	{
		RangeTblEntry *rte = rt_fetch(rti, query->rtable);
		PreparedTable *table = &level->tables[rti - 1];
		bool		excluded = query->onConflict != NULL &&
			query->onConflict->exclRelIndex == rti;

		/* what was EXCLUDED of a view, before its table took its place */
		if (query->onConflict != NULL && !excluded && rti != query->resultRelation &&
			rte->alias != NULL && strcmp(rte->alias->aliasname, "excluded") == 0)
			rte->alias = NULL;

		/* a view's target was in its FROM clause; others may come from us */
		rte->inFromCl = rti != query->resultRelation &&
			(rte->inFromCl || bms_is_member(rti, joined));
		if (rte->rtekind == RTE_SUBQUERY)
			keep_subquery_names(rte);
		if (rte->rtekind != RTE_RELATION || !is_printed_as_shard(rte->relid))
			continue;
		if (rti == query->resultRelation || excluded)
			prepare_target(rte, table);
		else if (rte->relkind != RELKIND_VIEW)
			make_marker(rte, table, context->markers);
	}
	return level;
}

/* "(SELECT a, b, ctid FROM " ... ")", for what a bare name cannot do. */
static void
wrap_marker(Marker * marker, const PreparedTable * table, List *colnames)
{
	StringInfoData before;
	const char *separator = "";
	ListCell   *lc;

	initStringInfo(&before);
	appendStringInfoString(&before, "(SELECT ");
	foreach(lc, colnames)
	{
		const char *name = strVal(lfirst(lc));

		if (name[0] == '\0')
			continue;
		appendStringInfo(&before, "%s%s", separator, quote_identifier(name));
		separator = ", ";
	}
	appendStringInfoString(&before, " FROM ");
	marker->before = before.data;
	marker->after = ")";

	if (table->sample != NULL)
	{
		TableSampleClause *sample = table->sample;
		StringInfoData after;

		initStringInfo(&after);
		appendStringInfo(&after, " TABLESAMPLE %s (",
						 quote_qualified_identifier(get_namespace_name(get_func_namespace(sample->tsmhandler)),
													get_func_name(sample->tsmhandler)));
		separator = "";
		foreach(lc, sample->args)
		{
			appendStringInfo(&after, "%s%s", separator,
							 deparse_expression(lfirst(lc), NIL, false, false));
			separator = ", ";
		}
		appendStringInfoChar(&after, ')');
		if (sample->repeatable != NULL)
			appendStringInfo(&after, " REPEATABLE (%s)",
							 deparse_expression((Node *) sample->repeatable,
												NIL, false, false));
		appendStringInfoChar(&after, ')');
		marker->after = after.data;
	}
}

static bool
has_using_join(const Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_JOIN && rte->joinmergedcols > 0)
			return true;
	}
	return false;
}

/* Second pass, after the expressions: append the system columns that they use. */
static void
close_level(PrepareLevel * level, PrepareContext * context)
{
	for (int rti = 1; rti <= list_length(level->query->rtable); rti++)
	{
		PreparedTable *table = &level->tables[rti - 1];
		RangeTblEntry *rte = rt_fetch(rti, level->query->rtable);
		ListCell   *lc;

		if (!table->is_marker || (table->system == NIL && table->sample == NULL))
			continue;
		foreach(lc, table->system)
		{
			const FormData_pg_attribute *att = SystemAttributeDefinition(lfirst_int(lc));

			rte->eref->colnames = lappend(rte->eref->colnames,
										  makeString(pstrdup(NameStr(att->attname))));
		}
		if (table->sample != NULL || has_using_join(level->query))
			wrap_marker(marker_set_get(context->markers, table->marker_number),
						table, rte->eref->colnames);
		else if (rte->alias != NULL)
			rte->alias = makeAlias(rte->alias->aliasname, NIL);
	}
}

/* Attribute number, in a marker's entry, of a system column. */
static AttrNumber
system_column(PreparedTable * table, AttrNumber attno)
{
	if (!list_member_int(table->system, attno))
		table->system = lappend_int(table->system, attno);
	for (int i = 0;; i++)
	{
		if (list_nth_int(table->system, i) == attno)
			return table->nattrs + i + 1;
	}
}

/* ROW(a, b)::table for a whole-row Var; NULL columns stand for dropped ones. */
static Node *
whole_row(Var *var, PreparedTable * table)
{
	Relation	rel = table_open(table->relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	RowExpr    *row = makeNode(RowExpr);
	NullTest   *present;
	CaseWhen   *when;
	CaseExpr   *result;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		row->colnames = lappend(row->colnames, makeString(pstrdup(NameStr(att->attname))));
		row->args = lappend(row->args, att->attisdropped ?
							(Node *) makeNullConst(INT4OID, -1, InvalidOid) :
							(Node *) makeVar(var->varno, att->attnum, att->atttypid, att->atttypmod,
											 att->attcollation, var->varlevelsup));
	}
	row->row_typeid = desc->tdtypeid;
	row->row_format = COERCE_EXPLICIT_CAST;
	row->location = -1;
	table_close(rel, NoLock);

	if (!table->nullable || !table->is_marker)
		return (Node *) row;

	present = makeNode(NullTest);
	present->arg = (Expr *) makeVar(var->varno,
									system_column(table, SelfItemPointerAttributeNumber),
									TIDOID, -1, InvalidOid, var->varlevelsup);
	present->nulltesttype = IS_NOT_NULL;
	present->location = -1;
	when = makeNode(CaseWhen);
	when->expr = (Expr *) present;
	when->result = (Expr *) row;
	when->location = -1;
	result = makeNode(CaseExpr);
	result->casetype = row->row_typeid;
	result->args = list_make1(when);
	result->defresult = (Expr *) makeNullConst(row->row_typeid, -1, InvalidOid);
	result->location = -1;
	return (Node *) result;
}

/* A Var of a distributed table. */
static Node *
prepare_var(Var *var, PreparedTable * table)
{
	if (var->varattno == InvalidAttrNumber)
		return whole_row(var, table);
	if (var->varattno < 0 && table->is_marker)
	{
		var = copyObject(var);
		var->varattno = system_column(table, var->varattno);
		var->varattnosyn = var->varattno;
	}
	return (Node *) var;
}

/* Say the type of a parameter that a node cannot know by its OID. */
static Node *
prepare_param(Param *param)
{
	RelabelType *cast;

	if (param->paramkind != PARAM_EXTERN || param->paramtype < FirstNormalObjectId)
		return (Node *) param;
	cast = makeRelabelType((Expr *) param, param->paramtype, param->paramtypmod,
						   param->paramcollid, COERCE_EXPLICIT_CAST);
	return (Node *) cast;
}

/* The planner turns COLLATE into a relabelling, which prints as a cast only. */
static Node *
prepare_relabel(RelabelType *relabel)
{
	Oid			before = exprCollation((Node *) relabel->arg);
	CollateExpr *collate;

	if (!OidIsValid(relabel->resultcollid) || relabel->resultcollid == before ||
		(!OidIsValid(before) &&
		 relabel->resultcollid == get_typcollation(relabel->resulttype)))
		return (Node *) relabel;
	collate = makeNode(CollateExpr);
	collate->arg = exprType((Node *) relabel->arg) == relabel->resulttype ?
		relabel->arg : (Expr *) relabel;
	collate->collOid = relabel->resultcollid;
	collate->location = -1;
	return (Node *) collate;
}

/* Name the columns of ON CONFLICT ON CONSTRAINT. */
static void
prepare_conflict(Query *query)
{
	OnConflictExpr *conflict = query->onConflict;
	RangeTblEntry *target;
	Relation	index;

	if (conflict == NULL || !OidIsValid(conflict->constraint))
		return;
	target = rt_fetch(query->resultRelation, query->rtable);
	if (!is_printed_as_shard(target->relid))
		return;

	index = relation_open(get_constraint_index(conflict->constraint), AccessShareLock);
	if (index->rd_index->indisexclusion)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("exclusion constraint \"%s\" cannot be named in ON CONFLICT of a distributed table",
						get_constraint_name(conflict->constraint)),
				 errhint("Use ON CONFLICT DO NOTHING without a constraint.")));
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		InferenceElem *elem = makeNode(InferenceElem);
		AttrNumber	attno = index->rd_index->indkey.values[i];
		Oid			type,
					collation;
		int32		typmod;

		get_atttypetypmodcoll(target->relid, attno, &type, &typmod, &collation);
		elem->expr = (Node *) makeVar(query->resultRelation, attno, type, typmod, collation, 0);
		conflict->arbiterElems = lappend(conflict->arbiterElems, elem);
	}
	conflict->constraint = InvalidOid;
	relation_close(index, AccessShareLock);
}

/* SELECT FROM <marker>: query_text.c puts the modifying query there. */
static void
replace_modifying_ctes(Query *query, MarkerSet * markers)
{
	ListCell   *lc;

	foreach(lc, query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);
		Marker	   *marker;
		RangeTblEntry *rte;
		RangeTblRef *ref;
		Query	   *dummy;

		if (((Query *) cte->ctequery)->commandType == CMD_SELECT)
			continue;
		marker = palloc0(sizeof(Marker));
		marker->query = (Query *) cte->ctequery;
		rte = makeNode(RangeTblEntry);
		rte->rtekind = RTE_CTE;
		rte->ctename = marker_set_add(markers, marker);
		rte->eref = makeAlias(rte->ctename, NIL);
		rte->inFromCl = true;
		ref = makeNode(RangeTblRef);
		ref->rtindex = 1;
		dummy = makeNode(Query);
		dummy->commandType = CMD_SELECT;
		dummy->rtable = list_make1(rte);
		dummy->jointree = makeFromExpr(list_make1(ref), NULL);
		cte->ctequery = (Node *) dummy;
	}
}

/* The rewriter has carried SEARCH and CYCLE out already. */
static void
forget_search_clauses(Query *query)
{
	ListCell   *lc;

	foreach(lc, query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		cte->search_clause = NULL;
		cte->cycle_clause = NULL;
	}
}

static void
unmerge_targets(Query *query)
{
	ListCell   *lc;

	if (query->commandType == CMD_UPDATE)
		query->targetList = update_targets_unmerge(query->targetList);
	if (query->onConflict != NULL)
		query->onConflict->onConflictSet =
			update_targets_unmerge(query->onConflict->onConflictSet);
	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst_node(MergeAction, lc);

		if (action->commandType == CMD_UPDATE)
			action->targetList = update_targets_unmerge(action->targetList);
	}
}

static Query *
prepare_level(Query *query, PrepareContext * context)
{
	PrepareLevel *level;

	if (query->commandType == CMD_INSERT)
		insert_source_align(query);
	level = open_level(query, context);
	context->levels = lcons(level, context->levels);
	prepare_conflict(query);
	forget_search_clauses(query);
	unmerge_targets(query);
	query = query_tree_mutator(query, prepare_mutator, context,
							   QTW_DONT_COPY_QUERY);
	for (int i = 0; i < list_length(query->rtable); i++)
		level->tables[i].sample = (TableSampleClause *)
			prepare_mutator((Node *) level->tables[i].sample, context);
	close_level(level, context);
	context->levels = list_delete_first(context->levels);
	replace_modifying_ctes(query, context->markers);
	return query;
}

static Node *
prepare_mutator(Node *node, void *arg)
{
	PrepareContext *context = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) prepare_level((Query *) node, context);
	if (IsA(node, Param))
		return prepare_param((Param *) node);
	if (IsA(node, RelabelType))
		return prepare_relabel((RelabelType *)
							   expression_tree_mutator(node, prepare_mutator, context));
	if (IsA(node, RowExpr) && ((RowExpr *) node)->row_typeid != RECORDOID)
		((RowExpr *) node)->row_format = COERCE_EXPLICIT_CAST;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		PrepareLevel *level = list_nth(context->levels, var->varlevelsup);
		PreparedTable *table = &level->tables[var->varno - 1];

		return OidIsValid(table->relid) ? prepare_var(var, table) : node;
	}
	node = expression_tree_mutator(node, prepare_mutator, context);
	collation_restore(node);
	return node;
}

Query *
query_prepare(Query *query, MarkerSet * markers)
{
	PrepareContext context = {markers, NIL};

	return prepare_level(query, &context);
}
